package cmd

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"regexp"
	"strconv"
	"sync"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/config"
)

var (
	// accountName is a login name that is recorded as it is. No space and no "=" is in it, so
	// that it can look neither like a uid nor like a name that was claimed.
	accountName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@\\+$-]{0,63}$`) })

	// claimedName is what a person may be called by --as.
	claimedName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.@+:/-]{0,63}$`) })
)

const claimedNameRule = "a name has 1 to 64 of the characters A-Z a-z 0-9 . _ @ + : / -, the first being a letter or a digit"

// operatorName is the value of --as.
type operatorName string

// Set implements pflag.Value.
func (n *operatorName) Set(name string) error {
	if !claimedName().MatchString(name) {
		return errors.New(claimedNameRule)
	}
	*n = operatorName(name)
	return nil
}

// String implements pflag.Value.
func (n *operatorName) String() string { return string(*n) }

// Type implements pflag.Value.
func (n *operatorName) Type() string { return "name" }

// operator returns the name that the person at the command line claims, "" for none.
func (a *app) operator() (string, error) {
	if a.as != "" {
		return string(a.as), nil
	}
	name := a.sources.Lookup(config.OperatorVariable)
	if name != "" && !claimedName().MatchString(name) {
		return "", usage(claimedNameRule, "%s: %q cannot be recorded", config.OperatorVariable, name)
	}
	return name, nil
}

// actor returns the person at the command line, for the audit trail: first the name that the
// operating system gives, then the name that the person claims. [app.open] has checked that name.
func (a *app) actor(reason string) authn.Actor {
	uid := os.Geteuid()
	sudo := ""
	if uid == 0 {
		sudo = a.sources.Lookup("SUDO_USER")
	}
	operator, _ := a.operator()
	return authn.Actor{Name: actorName(uid, loginName(uid), sudo, operator), Reason: reason}
}

// loginName returns the operating system's name for a user id, "" for none. It does not call
// [user.Current], which falls back to $USER.
func loginName(uid int) string {
	u, err := user.LookupId(strconv.Itoa(uid))
	if err != nil {
		return ""
	}
	return u.Username
}

// actorName is "cli:ada", or "cli:uid=65532" for an id without a name. " (sudo by NAME)" and
// " as NAME" follow, which are variables' and flags' words. The first part has no space, so
// that none of it can be forged by the others.
func actorName(uid int, login, sudo, operator string) string {
	name := "cli:" + login
	if !accountName().MatchString(login) {
		name = fmt.Sprintf("cli:uid=%d", uid)
	}
	if accountName().MatchString(sudo) {
		name += " (sudo by " + sudo + ")"
	}
	if operator != "" {
		name += " as " + operator
	}
	return name
}

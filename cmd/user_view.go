package cmd

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// userView is a user in JSON and YAML. It holds no part of the salt or the hash of a password.
type userView struct {
	ID                 uuid.UUID           `json:"id"`
	Username           string              `json:"username"`
	CreatedAt          time.Time           `json:"created_at"`
	DisabledAt         *time.Time          `json:"disabled_at"`
	PasswordState      authn.PasswordState `json:"password_state"`      // none, usable, disabled or unreadable
	PasswordAlgorithm  *string             `json:"password_algorithm"`  // null if there is no password, or an unreadable one
	PasswordCost       *string             `json:"password_cost"`       // as the algorithm writes it
	PasswordChangedAt  *time.Time          `json:"password_changed_at"` // null if there is no password
	FailedLogins       int                 `json:"failed_logins"`       // since the latest successful sign-in
	PasswordDisabledAt *time.Time          `json:"password_disabled_at"`
	Email              *string             `json:"email"` // null if there is none; domains are in A-labels
	EmailVerified      bool                `json:"email_verified"`
	EmailVerifiedAt    *time.Time          `json:"email_verified_at"` // null while the address is not verified
	Roles              []string            `json:"roles"`
	Claims             json.RawMessage     `json:"claims"` // an object

	kind string // the password in a few words, for people
}

// standingView is the user of a command, with the state of sessions and sign-ins.
type standingView struct {
	userView
	Sessions     int64      `json:"sessions"`        // number of live sessions
	LastSignInAt *time.Time `json:"last_sign_in_at"` // null if neither the audit trail nor a session has one
	Holds        []holdView `json:"holds"`
	Password     string     `json:"password,omitempty"` // only a password that this command generated
	Database     string     `json:"database,omitempty"` // the changed database; absent if the command only shows the user
}

// holdView is one reason why a user cannot sign in with the password.
type holdView struct {
	Hold      authn.HoldKind `json:"hold"`
	Since     *time.Time     `json:"since"`
	Until     *time.Time     `json:"until"`
	Addresses int            `json:"addresses"` // number of address blocks that have to wait
}

func viewUser(l authn.Listed) userView {
	u := l.User
	v := userView{
		ID: u.ID, Username: u.Username, CreatedAt: u.CreatedAt, DisabledAt: timeOrNull(u.DisabledAt),
		PasswordState: l.Password.State, FailedLogins: u.FailedLogins, PasswordDisabledAt: timeOrNull(u.PasswordDisabledAt), kind: passwordKind(l.Password),
		EmailVerified: u.EmailVerified(), EmailVerifiedAt: timeOrNull(u.EmailVerifiedAt),
		Roles: append([]string{}, u.Rights.RoleList()...), Claims: json.RawMessage(cmp.Or(u.Rights.Claims, "{}")),
	}
	if u.Email != "" {
		v.Email = &u.Email
	}
	if l.Password.State != authn.PasswordNone {
		v.PasswordChangedAt = timeOrNull(u.PasswordChangedAt)
	}
	if l.Password.Algorithm != "" {
		v.PasswordAlgorithm, v.PasswordCost = &l.Password.Algorithm, &l.Password.Cost
	}
	return v
}

func viewStanding(st authn.Standing) standingView {
	v := standingView{userView: viewUser(st.Listed), Sessions: st.Sessions, LastSignInAt: timeOrNull(st.LastSignIn), Holds: []holdView{}}
	for _, h := range st.Holds {
		v.Holds = append(v.Holds, holdView{h.Kind, timeOrNull(h.Since), timeOrNull(h.Until), h.Addresses})
	}
	return v
}

// address describes the user's e-mail address in a few words.
func (v userView) address() string {
	switch {
	case v.Email == nil:
		return "-"
	case v.EmailVerified:
		return *v.Email
	default:
		return *v.Email + " (not verified)"
	}
}

// passwordKind describes a password in a few words: "bcrypt cost=10, imported".
func passwordKind(p authn.StoredPassword) string {
	if p.Algorithm == "" {
		return string(p.State)
	}
	words := []string{strings.TrimSpace(p.Algorithm + " " + p.Cost)}
	if p.Imported {
		words = append(words, "imported")
	}
	if p.State == authn.PasswordDisabled {
		words = append(words, "disabled")
	}
	return strings.Join(words, ", ")
}

// text says why the user cannot sign in, and names the command that helps.
func (h holdView) text(username string) string {
	switch h.Hold {
	case authn.HoldDisabled:
		return "the user is disabled: authctl user enable"
	case authn.HoldNoPassword:
		return "there is no password: authctl user set-password"
	case authn.HoldPasswordDisabled:
		return "too many sign-ins have failed, and the password is disabled: authctl user unlock, or set-password"
	case authn.HoldPasswordUnreadable:
		return "the password's hash has no known format: authctl user set-password"
	case authn.HoldFailuresAnywhere:
		return fmt.Sprintf("failed sign-ins: delayed until %s, except from addresses that have signed in within 30 days: authctl limits clear --user %s", whenever(h.Until), username)
	default:
		return fmt.Sprintf("failed sign-ins from %s, until %s at the latest: authctl limits list --user %s", count(int64(h.Addresses), "address block"), whenever(h.Until), username)
	}
}

// showChanged prints a user after a change. made is the password that this command generated,
// or "".
func showChanged(ctx context.Context, a *app, inst *instance, o *output, user store.User, made string) error {
	standing, err := inst.authn.Standing(ctx, user.ID)
	v := viewStanding(standing)
	if err != nil {
		if made != "" { // the password would otherwise be lost
			a.say("the password of %s is %s", user.Username, made)
		}
		return fmt.Errorf("the change is committed, but the user could not be shown: %w", err)
	}
	v.Password, v.Database = made, a.database
	return printStanding(a, o, v)
}

// printStanding prints one user. For people, each line has a name and a value.
func printStanding(a *app, o *output, v standingView) error {
	t := table{rows: [][]string{
		{"id", v.ID.String()},
		{"username", markedName(v.Username)},
		{"created at", when(v.CreatedAt)},
		{"email", v.address()},
		{"roles", cmp.Or(strings.Join(v.Roles, ", "), "-")},
		{"claims", cmp.Or(strings.TrimSuffix(string(v.Claims), "{}"), "-")},
		{"password", v.kind},
		{"password changed at", whenever(v.PasswordChangedAt)},
		{"disabled at", whenever(v.DisabledAt)},
		{"failed logins", strconv.Itoa(v.FailedLogins)},
		{"password disabled at", whenever(v.PasswordDisabledAt)},
		{"sessions", strconv.FormatInt(v.Sessions, 10)},
		{"last sign-in at", whenever(v.LastSignInAt)},
	}}
	label := "blocked by"
	for _, hold := range v.Holds {
		t.rows = append(t.rows, []string{label, hold.text(v.Username)})
		label = ""
	}
	if len(v.Holds) == 0 {
		t.rows = append(t.rows, []string{label, "-"})
	}
	if v.Password != "" {
		t.rows = append(t.rows, []string{"new password", v.Password})
	}
	return o.print(a.out, v, t, []string{v.ID.String()})
}

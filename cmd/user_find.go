package cmd

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// findUser looks up whom an operator names, by username, id or address, and says when somebody else
// has that id or address as username.
func findUser(ctx context.Context, a *app, inst *instance, name string) (store.User, error) {
	user, err := inst.authn.User(ctx, name)
	if err != nil {
		return store.User{}, err
	}
	other, there, err := inst.authn.Namesake(ctx, name, user)
	if err != nil {
		return store.User{}, err
	}
	if there {
		what := "id"
		if strings.Contains(name, "@") {
			what = "address"
		}
		a.say("warning: %s is the %s of user %s, whom the command selects; it is also the username of another user, whose id is %s", name, what, markedName(user.Username), other.ID)
	}
	return user, nil
}

// withRelease adds a hint to the error for an unknown username if the deletion of its last user
// still reserves the name.
func withRelease(ctx context.Context, inst *instance, name string, cause error) error {
	if authn.CodeOf(cause) != authn.CodeUserNotFound {
		return cause
	}
	free, released, err := inst.authn.NameFreeAt(ctx, name)
	if err != nil || released.IsZero() {
		return cause
	}
	return &problem{exitNotFound, fmt.Errorf("%w: the last one of that name was deleted or renamed at %s, and nobody can register it until %s (accounts.name_quarantine)", cause, when(released), when(free)),
		"authctl user create can still assign the name"}
}

// findUsers looks the users up whom --user names. An empty name, which may come from
// a variable that is not set, is nobody and not everybody.
func findUsers(ctx context.Context, a *app, inst *instance, names []string) ([]store.User, error) {
	var users []store.User
	for _, name := range names {
		if name == "" {
			return nil, usage("", "--user is empty")
		}
		user, err := findUser(ctx, a, inst, name)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(users, func(u store.User) bool { return u.ID == user.ID }) {
			users = append(users, user)
		}
	}
	return users, nil
}

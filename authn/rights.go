package authn

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// RightsChange says what to change about a user's roles and claims.
type RightsChange struct {
	Grant  []string                  // roles to give; the user may have them already
	Revoke []string                  // roles to take away; the user may lack them
	Set    map[string]jsontext.Value // claims to set, by name
	Unset  []string                  // names of claims to remove; the user may lack them
}

// SetRights changes what a user may do. It is in force on every server within a second: the user's
// older access tokens need a refresh then, and sessions live on. It reports false, and writes
// nothing, if the user has these roles and claims already. It fails with [CodeUserNotFound], or with
// [CodeInvalidRequest] for a role or claim that cannot be, for too many, and when the user's access
// token would be longer than 3,500 bytes.
func (s *Service) SetRights(ctx context.Context, a Actor, nameOrID string, c RightsChange) (user store.User, changed bool, err error) {
	for range 10 { // each time another operator has changed the user's rights meanwhile
		if user, err = s.User(ctx, nameOrID); err != nil {
			return store.User{}, false, err
		}
		nameOrID = user.ID.String()
		becomes, err := s.changedRights(holder{username: user.Username}, user.Rights, c)
		if err != nil {
			return store.User{}, false, err
		}
		if becomes.Same(user.Rights) {
			return user, false, nil
		}
		user, err = s.change(ctx, a, user, store.ActionRightsChanged, func(ctx context.Context, id uuid.UUID, e store.Event) (store.User, error) {
			return s.store.SetRights(ctx, id, becomes, describeChange(e, user.Rights, becomes))
		})
		if err == nil || !errors.Is(err, store.ErrConflict) {
			return user, err == nil, err
		}
	}
	return store.User{}, false, &Error{Code: CodeUnavailable, Message: "others keep changing the roles and claims of this user, try again"}
}

// holder is whose rights change: a user, or the service account of a name.
type holder struct{ username, client string }

func (h holder) String() string {
	if h.client != "" {
		return "client"
	}
	return "user"
}

// changedRights returns the rights of a holder after a change.
func (s *Service) changedRights(h holder, r store.Rights, c RightsChange) (store.Rights, error) {
	if err := checkRoles(c.Revoke); err != nil { // a misspelt role that stays would look as if it were gone
		return r, err
	}
	roles := slices.DeleteFunc(r.RoleList(), func(role string) bool { return slices.Contains(c.Revoke, role) })
	for _, role := range c.Revoke {
		if slices.Contains(c.Grant, role) {
			return r, refuse(CodeInvalidRequest, fmt.Sprintf("the role %s is both given and taken away", role))
		}
	}
	var err error
	if r.Roles, err = joinRoles(h, append(roles, c.Grant...)); err != nil {
		return r, err
	}
	claims, err := claimsOf(r.Claims)
	if err != nil {
		return r, err
	}
	for _, name := range c.Unset {
		if name == "" {
			return r, refuse(CodeInvalidRequest, "the name of a claim to remove is empty")
		}
		if _, set := c.Set[name]; set {
			return r, refuse(CodeInvalidRequest, fmt.Sprintf("the claim %q is both set and removed", name))
		}
		delete(claims, name)
	}
	maps.Copy(claims, c.Set)
	if r.Claims, err = joinClaims(claims); err != nil {
		return r, err
	}
	return r, s.fitsToken(h, r)
}

// ParseRights returns the rights with these roles, in any order, and this JSON object of claims, ""
// for none. It fails with [CodeInvalidRequest] as [Service.SetRights] does.
func (s *Service) ParseRights(username string, roles []string, object string) (r store.Rights, err error) {
	if r.Roles, err = joinRoles(holder{username: username}, roles); err != nil {
		return r, err
	}
	claims, err := claimsOf(object)
	if err != nil {
		return r, err
	}
	if r.Claims, err = joinClaims(claims); err != nil {
		return r, err
	}
	return r, s.fitsToken(holder{username: username}, r)
}

// fitsToken checks the length of the access token of a holder with these rights.
func (s *Service) fitsToken(h holder, r store.Rights) error {
	if n := s.access.length(h, s.rules.Load().longestClient, r); r.Roles+r.Claims != "" && n > maxIssuedToken {
		return refuse(CodeInvalidRequest, fmt.Sprintf("with these roles and claims the %s's access token would have %d bytes, and it may have %d; shorten or remove some", h, n, maxIssuedToken))
	}
	return nil
}

// describeChange returns e with the roles and the names of the claims that differ, at the start of its
// reason. It does not tell the values of claims.
func describeChange(e store.Event, before, after store.Rights) store.Event {
	var what []string
	had, has := map[string]jsontext.Value{}, map[string]jsontext.Value{}
	for _, role := range before.RoleList() {
		had[role] = nil
	}
	for _, role := range after.RoleList() {
		has[role] = nil
	}
	if roles := difference(had, has); roles != "" {
		what = append(what, "roles"+roles)
	}
	had, _ = claimsOf(before.Claims) // stored ones are valid
	has, _ = claimsOf(after.Claims)
	if claims := difference(had, has); claims != "" {
		what = append(what, "claims"+claims)
	}
	if what != nil {
		e.Reason = strings.TrimSuffix(strings.Join(what, ", ")+": "+e.Reason, ": ")
	}
	return e
}

// difference lists the names that differ: " +new -gone =changed".
func difference(before, after map[string]jsontext.Value) string {
	var b strings.Builder
	both := maps.Clone(before)
	maps.Copy(both, after)
	for _, name := range slices.Sorted(maps.Keys(both)) {
		was, had := before[name]
		is, has := after[name]
		sign := "="
		switch {
		case !had:
			sign = "+"
		case !has:
			sign = "-"
		case string(was) == string(is):
			continue
		}
		if strings.ContainsAny(name, ` ",`) {
			name = strconv.Quote(name)
		}
		b.WriteString(" " + sign + name)
	}
	return b.String()
}

package cmd

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/store"
)

// auditFilter is the flags that select events.
type auditFilter struct {
	user, client, session, actor, address, since, until filled
	actions                                             filledList
}

func (o *auditFilter) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.Var(&o.user, "user", "only events about the user with this `name` or id; a deleted user has only the id")
	f.Var(&o.client, "client", "only events about the service account with this `name`; for a deleted one, give its id to --user")
	f.Var(&o.session, "session", "only events about the session with this `id`")
	f.Var(&o.actions, "action", "only events with this `action`; separate several by commas, or repeat the flag")
	f.Var(&o.actor, "actor", "only events by this `actor`: user:ID, session:ID, node:HOST, anonymous, cli:NAME, or cli for all operators")
	f.Var(&o.address, "address", "only events from this address or `network`")
	f.Var(&o.since, "since", "only events at this `time` or later: 2026-03-01T09:00:00Z, 2026-03-01, or an age such as 2h or 30d")
	f.Var(&o.until, "until", "only events before this `time`")
}

// filled is a flag with a non-empty text. An empty text may come from an unset variable, and must
// not select everything.
type filled string

// Set implements pflag.Value.
func (s *filled) Set(text string) error {
	if text == "" || !utf8.ValidString(text) {
		return errors.New("must not be empty")
	}
	*s = filled(text)
	return nil
}

// String implements pflag.Value.
func (s *filled) String() string { return string(*s) }

// Type implements pflag.Value.
func (*filled) Type() string { return "text" }

// filledList is a flag of one or more texts.
type filledList []string

// Set implements pflag.Value.
func (l *filledList) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		var one filled
		if err := one.Set(strings.TrimSpace(part)); err != nil {
			return err
		}
		*l = append(*l, string(one))
	}
	return nil
}

// String implements pflag.Value.
func (l *filledList) String() string { return strings.Join(*l, ",") }

// Type implements pflag.Value.
func (*filledList) Type() string { return "texts" }

// page returns the query that the flags ask for, without --user.
func (o *auditFilter) page(now time.Time) (p store.EventPage, err error) {
	p.Actor = string(o.actor)
	if o.user != "" && o.client != "" {
		return p, usage("", "--user and --client select different events: give one of them")
	}
	if o.session != "" {
		if p.SessionID, err = uuid.Parse(string(o.session)); err != nil {
			return p, usage("authctl token list shows the ids", "--session: %q is not a session id", o.session)
		}
	}
	if p.Actions, err = knownActions(o.actions); err != nil {
		return p, err
	}
	if o.address != "" {
		if p.From, err = authn.ParseNetwork(string(o.address)); err != nil {
			return p, usage("such as 203.0.113.7 or 203.0.113.0/24", "--address: %q is neither an address nor a network", o.address)
		}
	}
	if o.since != "" {
		if p.Since, err = parseTime(string(o.since), now); err != nil {
			return p, usage(instantForms, "--since: %q is not a time", o.since)
		}
	}
	if o.until != "" {
		if p.Until, err = parseTime(string(o.until), now); err != nil {
			return p, usage(instantForms, "--until: %q is not a time", o.until)
		}
	}
	if o.since != "" && o.until != "" && !p.Since.Before(p.Until) {
		return p, usage("", "--since (%s) must be before --until (%s)", when(p.Since), when(p.Until))
	}
	return p, nil
}

func knownActions(names []string) (actions []store.Action, err error) {
	var all []string
	for _, action := range store.Actions() {
		all = append(all, string(action))
	}
	for _, name := range names {
		if !slices.Contains(all, name) {
			return nil, usage("authctl audit list --help lists them", "--action: %q is not an action%s", name, config.Nearest(name, all))
		}
		if action := store.Action(name); !slices.Contains(actions, action) {
			actions = append(actions, action)
		}
	}
	return actions, nil
}

// userID returns the id of the user that --user names, or of the service account of --client. It
// accepts an id without a user, because the trail outlives users.
func (o *auditFilter) userID(ctx context.Context, a *app, inst *instance) (uuid.UUID, error) {
	if o.client != "" {
		client, err := inst.authn.Client(ctx, string(o.client))
		if authn.CodeOf(err) == authn.CodeClientNotFound {
			return uuid.Nil, &problem{exitNotFound, err, "a deleted client has only the id: --user ID finds the events"}
		}
		return client.ID, err
	}
	if o.user == "" {
		return uuid.Nil, nil
	}
	user, err := findUser(ctx, a, inst, string(o.user))
	if err == nil || authn.CodeOf(err) != authn.CodeUserNotFound {
		return user.ID, err
	}
	if id, noID := uuid.Parse(string(o.user)); noID == nil && len(o.user) == len(id.String()) {
		return id, nil
	}
	return uuid.Nil, &problem{exitNotFound, err, "a deleted user has only the id: --user ID finds the events"}
}

package cmd

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

func newLimits(a *app) *cobra.Command {
	return group("limits", "List and clear failed sign-ins, and the delays that they cause", newLimitsList(a), newLimitsClear(a))
}

// attemptsOptions selects failed sign-ins by account and address.
type attemptsOptions struct{ user, address string }

func (o *attemptsOptions) addFlags(c *cobra.Command) {
	c.Flags().StringVar(&o.user, "user", "", "only failed sign-ins to the account of this `name` or id")
	c.Flags().StringVar(&o.address, "address", "", "only failed sign-ins from this `address` (IPv6: from its /64)")
	c.PreRunE = func(c *cobra.Command, _ []string) error {
		for _, name := range []string{"user", "address"} { // an unset variable must not select everybody
			if f := c.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
				return usage("", "--%s is empty", name)
			}
		}
		return nil
	}
}

// find returns the user and the address block that were named, zero for none.
func (o *attemptsOptions) find(ctx context.Context, a *app, inst *instance) (user store.User, block netip.Prefix, err error) {
	if o.address != "" {
		if block, err = authn.ParseBlock(o.address); err != nil {
			return store.User{}, netip.Prefix{}, usage("", "--address: %v", err)
		}
	}
	if o.user != "" {
		user, err = findUser(ctx, a, inst, o.user)
	}
	return user, block, err
}

type limitsListOptions struct {
	output
	attemptsOptions
	limit int
	after int64
}

func newLimitsList(a *app) *cobra.Command {
	var o limitsListOptions
	c := &cobra.Command{
		Use:   "list",
		Short: "List the accounts with failed sign-ins, and the delay of each",
		Long: `List the failed sign-ins that count against an account: from each address block, and from
all addresses together ("-"). Failures of accounts that do not exist count too. Their names
are not shown, because people type passwords into the name field. Failed requests for tokens of
service accounts are among them, "authctl audit list --action client_auth_fail" has their names.

The list does not have the requests of each address: every server counts those in its own
memory. See the metric authctl_rate_limited_total.`,
		Example: `  authctl limits list --user alice
  authctl limits list --address 203.0.113.9 -o json`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.output.addFlag(c, "table", "json", "yaml")
	o.attemptsOptions.addFlags(c)
	c.Flags().IntVar(&o.limit, "limit", 0, "print at most this many, 0 for all")
	c.Flags().Int64Var(&o.after, "after", -1, "only counters after this `slot`, where the last page ended")
	return c
}

// attemptsView is a counter in JSON and YAML.
type attemptsView struct {
	Slot       int64      `json:"slot"`
	UserID     *uuid.UUID `json:"user_id"`  // null when nobody has the name
	Username   string     `json:"username"` // "" when nobody has it, and for a service account
	Address    string     `json:"address"`  // or the /64 of IPv6 addresses; "" for attempts from anywhere
	Failures   int        `json:"failures"`
	LastAt     time.Time  `json:"last_at"`
	NextAt     *time.Time `json:"next_at"` // attempts before this time are refused; null when none are
	SignedInAt *time.Time `json:"signed_in_at"`
}

func viewAttempts(c store.AttemptCounter, now time.Time) attemptsView {
	v := attemptsView{
		Slot: c.Slot, Username: c.Username, Address: c.Address, Failures: c.Failures, LastAt: c.LastAt, SignedInAt: timeOrNull(c.SignedInAt),
	}
	if c.UserID != uuid.Nil {
		v.UserID = &c.UserID
	}
	if c.NextAt.After(now) {
		v.NextAt = &c.NextAt
	}
	return v
}

func (o *limitsListOptions) run(ctx context.Context, a *app) error {
	if o.limit < 0 {
		return usage("", "--limit must not be negative")
	}
	inst, err := a.open(ctx, opening{reads: true})
	if err != nil {
		return err
	}
	defer inst.close()
	user, block, err := o.find(ctx, a, inst)
	if err != nil {
		return err
	}
	now, last := time.Now(), int64(0)
	list := listing[store.AttemptCounter]{
		output: &o.output, out: a.out,
		header: []string{"USERNAME", "ADDRESS", "FAILURES", "LAST AT", "DELAYED UNTIL"},
		view:   func(c store.AttemptCounter) any { return viewAttempts(c, now) },
		cells:  func(c store.AttemptCounter) []string { return attemptsCells(viewAttempts(c, now)) },
	}
	more, err := walk(o.limit, attemptsPages(ctx, inst, user, block, o.after), func(page []store.AttemptCounter) error {
		if len(page) > 0 {
			last = page[len(page)-1].Slot
		}
		return list.add(page)
	})
	if err != nil {
		return err
	}
	if err := list.end(); err != nil {
		return err
	}
	if more {
		a.say("there are more: add --after %d", last)
	}
	return nil
}

func attemptsCells(v attemptsView) []string {
	name := "(no user)"
	if v.UserID != nil {
		name = markedName(v.Username)
	}
	return []string{name, orDash(v.Address), strconv.Itoa(v.Failures), when(v.LastAt), whenever(v.NextAt)}
}

// attemptsPages returns a function that reads the next page of the counters.
func attemptsPages(ctx context.Context, inst *instance, user store.User, block netip.Prefix, after int64) func() ([]store.AttemptCounter, bool, error) {
	page := store.AttemptsPage{UserID: user.ID, Address: authn.BlockName(block), After: after, Limit: pageSize}
	return func() ([]store.AttemptCounter, bool, error) {
		list, err := inst.authn.Attempts(ctx, page)
		if len(list) > 0 {
			page.After = list[len(list)-1].Slot
		}
		return list, len(list) < pageSize, err
	}
}

type limitsClearOptions struct {
	confirmOptions
	attemptsOptions
	reason string
}

func newLimitsClear(a *app) *cobra.Command {
	var o limitsClearOptions
	c := &cobra.Command{
		Use:   "clear",
		Short: "Clear failed sign-ins, and end the delays that they cause",
		Long: `Forget the failed sign-ins of one account, from one address, or all of them. The command
asks for confirmation before it forgets all. The count from all addresses together belongs
to the account, not to an address. A password that too many failures have disabled stays
disabled; "authctl user unlock" enables it.`,
		Example: `  authctl limits clear --user alice
  authctl limits clear --address 203.0.113.9 --reason "our own load test"`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.confirmOptions.addFlag(c)
	o.attemptsOptions.addFlags(c)
	addReason(c, &o.reason)
	return c
}

func (o *limitsClearOptions) run(ctx context.Context, a *app) error {
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	user, block, err := o.find(ctx, a, inst)
	if err != nil {
		return err
	}
	if o.dryRun || o.user == "" && o.address == "" {
		n := int64(0)
		_, err := walk(0, attemptsPages(ctx, inst, user, block, -1), func(page []store.AttemptCounter) error {
			n += int64(len(page))
			return nil
		})
		if err != nil {
			return err
		}
		if ok, err := o.confirm(ctx, a, "forget the failed sign-ins of "+count(n, "counter")); !ok {
			return err
		}
	}
	n, err := inst.authn.ClearAttempts(ctx, a.actor(o.reason), user.ID, block)
	a.say("forgot the failed sign-ins of %s", count(int64(n), "counter"))
	if err != nil {
		return err
	}
	if user.PasswordDisabled() {
		a.say("the password of %s is still disabled: authctl user unlock %s", user.Username, user.Username)
	}
	return nil
}

package cmd

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
)

func newKey(a *app) *cobra.Command {
	return group("key", "See, rotate and burn the signing keys of the access tokens",
		newKeyList(a), newKeyRotate(a), newKeyPromote(a), newKeyRetire(a), newKeyRemove(a), newKeyReseal(a), newKeyExport(a))
}

// keyView is a signing key in JSON and YAML. It has nothing secret.
type keyView struct {
	KeyID       string     `json:"key_id"`
	Algorithm   string     `json:"algorithm"`
	State       string     `json:"state"` // next, active or retired
	CreatedAt   time.Time  `json:"created_at"`
	ActivatedAt *time.Time `json:"activated_at"`
	RetiredAt   *time.Time `json:"retired_at"`
	VerifyUntil *time.Time `json:"verify_until"` // when the last token that it signed is dead
	Signs       bool       `json:"signs"`        // with the secrets that are configured here
	Why         string     `json:"why"`          // it does not; "" when it does
}

func viewKey(k authn.Key) keyView {
	v := keyView{KeyID: k.ID, Algorithm: k.Algorithm, State: string(k.State), CreatedAt: k.CreatedAt, Signs: k.Signs,
		ActivatedAt: optional(k.ActivatedAt), RetiredAt: optional(k.RetiredAt), VerifyUntil: optional(k.VerifyUntil)}
	if k.Closed != nil {
		v.Why = k.Closed.Error()
	}
	return v
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func newKeyList(a *app) *cobra.Command {
	var o output
	c := &cobra.Command{
		Use:   "list",
		Short: "List the signing keys, and what can be done with them here",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return listKeys(c.Context(), a, &o) },
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	return c
}

func listKeys(ctx context.Context, a *app, o *output) error {
	inst, err := a.open(ctx, opening{verifies: true})
	if err != nil {
		return err
	}
	defer inst.close()
	keys, err := inst.authn.Keys(ctx)
	if err != nil {
		return err
	}
	views, ids := make([]keyView, len(keys)), make([]string, len(keys))
	t := table{header: []string{"KEY", "ALGORITHM", "STATE", "CREATED AT", "VERIFIES UNTIL", "HERE"}}
	for i, k := range keys {
		v := viewKey(k)
		until, here := "", "can sign"
		if v.VerifyUntil != nil {
			until = when(*v.VerifyUntil)
		}
		if !v.Signs {
			here = v.Why
		}
		views[i], ids[i] = v, v.KeyID
		t.rows = append(t.rows, []string{v.KeyID, v.Algorithm, v.State, when(v.CreatedAt), until, here})
	}
	if len(keys) == 0 {
		a.say("there is none yet: a server makes it when it first runs on this database")
	}
	return o.print(a.out, views, t, ids)
}

// keyChangeOptions is for commands that move one key by hand.
type keyChangeOptions struct {
	confirmOptions
	waitOptions
	reason string
}

type changeKey func(*authn.Service, context.Context, authn.Actor, string) error

func newKeyPromote(a *app) *cobra.Command {
	return newKeyChange(a, &cobra.Command{
		Use:   "promote KEY",
		Short: "Make the next key the active one now; the one before verifies until its tokens are dead",
	}, "promote key ", (*authn.Service).PromoteKey)
}

func newKeyRetire(a *app) *cobra.Command {
	return newKeyChange(a, &cobra.Command{
		Use:   "retire KEY",
		Short: "Give the next key up, before it has signed anything",
	}, "retire key ", (*authn.Service).RetireKey)
}

func newKeyRemove(a *app) *cobra.Command {
	return newKeyChange(a, &cobra.Command{
		Use:   "remove KEY",
		Short: "Remove a key that is not active, and with it every access token that it signed",
	}, "remove key ", (*authn.Service).RemoveKey)
}

func newKeyChange(a *app, c *cobra.Command, what string, do changeKey) *cobra.Command {
	var o keyChangeOptions
	c.Args = cobra.ExactArgs(1)
	c.RunE = func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, what, args[0], do) }
	o.confirmOptions.addFlag(c)
	o.waitOptions.addFlag(c)
	addReason(c, &o.reason)
	return c
}

func (o *keyChangeOptions) run(ctx context.Context, a *app, what, id string, do changeKey) error {
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	if ok, err := o.confirm(ctx, a, what+id); err != nil || !ok {
		return err
	}
	if err := do(inst.authn, ctx, a.actor(o.reason), id); err != nil {
		return err
	}
	_, err = o.await(ctx, a, inst.authn)
	return err
}

func newKeyExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "export-jwks",
		Short: "Print the public keys as a JWK set, as servers do at /.well-known/jwks.json",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			inst, err := a.open(c.Context(), opening{verifies: true})
			if err != nil {
				return err
			}
			defer inst.close()
			set := inst.authn.PublicKeys()
			if len(set.Keys) == 0 {
				a.say("there is no public key: HS256 has secret ones only")
			}
			b, err := marshal(set)
			if err != nil {
				return err
			}
			_, err = a.out.Write(b)
			return err
		},
	}
}

type keyResealOptions struct {
	output
	dryRun bool
	reason string
}

func newKeyReseal(a *app) *cobra.Command {
	var o keyResealOptions
	c := &cobra.Command{
		Use:   "reseal",
		Short: "Seal the private keys under the current jwt.secret",
		Long: `Seal the private keys that are sealed under one of jwt.previous_secrets under the
current jwt.secret. Then the previous secrets open nothing any more. Servers that run
keep the keys that they have open.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	o.addFlag(c, "table", "json", "yaml")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what would be done, and change nothing")
	addReason(c, &o.reason)
	return c
}

// resealView is the result in JSON and YAML.
type resealView struct {
	Resealed int      `json:"resealed"`
	Closed   []string `json:"closed"` // ids of the keys that no configured secret opens
	DryRun   bool     `json:"dry_run"`
}

func (o *keyResealOptions) run(ctx context.Context, a *app) error {
	inst, err := a.open(ctx, opening{signs: true})
	if err != nil {
		return err
	}
	defer inst.close()
	n, closed, err := inst.authn.ResealKeys(ctx, a.actor(o.reason), o.dryRun)
	if err != nil {
		return err
	}
	done := "resealed"
	if o.dryRun {
		done = "would reseal"
	}
	a.say("%s %s", done, count(int64(n), "key"))
	view := resealView{n, append([]string{}, closed...), o.dryRun}
	t := table{header: []string{"KEY", "STATE"}}
	for _, id := range closed {
		t.rows = append(t.rows, []string{id, "cannot be opened"})
	}
	if o.format != "table" || len(closed) > 0 {
		if err := o.print(a.out, view, t, nil); err != nil {
			return err
		}
	}
	if len(closed) > 0 {
		return &problem{exitPartial, fmt.Errorf("no configured secret opens %s", count(int64(len(closed)), "key")), "put the secret that they belong to into jwt.previous_secrets"}
	}
	return nil
}

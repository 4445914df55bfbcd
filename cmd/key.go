package cmd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

func newKey(a *app) *cobra.Command {
	return group("key", "List, rotate and burn the signing keys of the access tokens",
		newKeyList(a), newKeyRotate(a), newKeyPromote(a), newKeyRetire(a), newKeyRemove(a), newKeyReseal(a), newKeyExport(a))
}

// keyView is a signing key in JSON and YAML, without secrets.
type keyView struct {
	KeyID       string     `json:"key_id"`
	Algorithm   string     `json:"algorithm"`
	State       string     `json:"state"` // next, active or retired
	CreatedAt   time.Time  `json:"created_at"`
	ActivatedAt *time.Time `json:"activated_at"`
	RetiredAt   *time.Time `json:"retired_at"`
	VerifyUntil *time.Time `json:"verify_until"` // when the last token that it signed is dead
	Signs       bool       `json:"signs"`        // whether the configured secrets can sign with it
	Why         string     `json:"why"`          // why it does not sign; "" when it does
}

func viewKey(k authn.Key) keyView {
	v := keyView{KeyID: k.ID, Algorithm: k.Algorithm, State: string(k.State), CreatedAt: k.CreatedAt, Signs: k.Signs,
		ActivatedAt: timeOrNull(k.ActivatedAt), RetiredAt: timeOrNull(k.RetiredAt), VerifyUntil: timeOrNull(k.VerifyUntil)}
	if k.Closed != nil {
		v.Why = k.Closed.Error()
	}
	return v
}

func newKeyList(a *app) *cobra.Command {
	var o output
	c := &cobra.Command{
		Use:   "list",
		Short: "List the signing keys, and whether this configuration can sign with them",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return listKeys(c.Context(), a, &o) },
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	return c
}

func listKeys(ctx context.Context, a *app, o *output) error {
	inst, err := a.open(ctx, opening{reads: true, verifies: true})
	if err != nil {
		return err
	}
	defer inst.close()
	keys, err := inst.authn.Keys.List(ctx)
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
		a.say("there is no key yet: the first server that starts on this database creates it")
	}
	return o.print(a.out, views, t, ids)
}

// keyChangeOptions is for commands that change the state of one signing key.
type keyChangeOptions struct {
	output
	confirmOptions
	waitOptions
	reason string
}

// keyChange is the change that a command makes to one signing key.
type keyChange struct {
	verb string
	from []store.KeyState
	to   string // the state afterwards
	do   func(*authn.Keys, context.Context, authn.Actor, string) error
}

// awaitChange waits until every server knows, and, of a key that is active now, can sign with it.
func (c keyChange) awaitChange(ctx context.Context, o waitOptions, a *app, svc *authn.Service, id string) (authn.Reach, error) {
	if c.to == string(store.KeyActive) {
		return o.awaitActiveKey(ctx, a, svc, id)
	}
	return o.awaitServers(ctx, a, svc)
}

func (c keyChange) states() []string {
	var all []string
	for _, s := range c.from {
		all = append(all, string(s))
	}
	return all
}

// keyChangeView is the result in JSON and YAML.
type keyChangeView struct {
	Database      string       `json:"database"`
	KeyID         string       `json:"key_id"`
	State         string       `json:"state"` // active, retired or removed; for a dry run, what it would be
	DryRun        bool         `json:"dry_run"`
	Reason        string       `json:"reason"`
	Nodes         *reachedView `json:"nodes"` // null for a dry run
	PropagationMS int64        `json:"propagation_ms"`
}

func newKeyPromote(a *app) *cobra.Command {
	return newKeyChange(a, "Make the next key active now; the previous key verifies until its tokens have expired",
		keyChange{"promote", []store.KeyState{store.KeyNext}, string(store.KeyActive), (*authn.Keys).Promote})
}

func newKeyRetire(a *app) *cobra.Command {
	return newKeyChange(a, "Retire the next key before it has signed anything",
		keyChange{"retire", []store.KeyState{store.KeyNext}, string(store.KeyRetired), (*authn.Keys).Retire})
}

func newKeyRemove(a *app) *cobra.Command {
	return newKeyChange(a, "Remove a key that is not active; this ends every access token that it signed",
		keyChange{"remove", []store.KeyState{store.KeyNext, store.KeyRetired}, "removed", (*authn.Keys).Remove})
}

func newKeyChange(a *app, short string, change keyChange) *cobra.Command {
	var o keyChangeOptions
	c := &cobra.Command{
		Use:   change.verb + " KEY",
		Short: short,
		Args:  cobra.ExactArgs(1),
		RunE:  func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, change, args[0]) },
	}
	o.output.addFlag(c, "table", "json", "yaml", "ids")
	o.confirmOptions.addFlag(c)
	o.waitOptions.addFlag(c)
	addReason(c, &o.reason)
	return c
}

func (o *keyChangeOptions) run(ctx context.Context, a *app, change keyChange, id string) error {
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	keys, err := inst.authn.Keys.List(ctx)
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(keys, func(k authn.Key) bool { return k.ID == id }); i < 0 || !slices.Contains(change.from, keys[i].State) {
		message := fmt.Sprintf("no key %q is %s", id, strings.Join(change.states(), " or "))
		if i >= 0 {
			message += fmt.Sprintf(", this one is %s", keys[i].State)
		}
		return &authn.Error{Code: authn.CodeKeyNotFound, Message: message}
	}
	view := keyChangeView{Database: a.database, KeyID: id, State: change.to, DryRun: o.dryRun, Reason: o.reason}
	ok, err := o.confirm(ctx, a, change.verb+" key "+id)
	if err != nil {
		return err
	}
	if !ok {
		return o.show(a, view)
	}
	if err := change.do(inst.authn.Keys, ctx, a.actor(o.reason), id); err != nil {
		return err
	}
	a.say("key %s is %s", id, change.to)
	reach, err := change.awaitChange(ctx, o.waitOptions, a, inst.authn, id)
	view.Nodes, view.PropagationMS = viewReach(reach), reach.Took.Milliseconds()
	return errors.Join(o.show(a, view), err)
}

func (o *keyChangeOptions) show(a *app, view keyChangeView) error {
	return o.print(a.out, view, table{header: []string{"KEY", "STATE"}, rows: [][]string{{view.KeyID, view.State}}}, []string{view.KeyID})
}

func newKeyExport(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "export-jwks",
		Short: "Print the public keys as a JWK set, as servers do at /.well-known/jwks.json",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			inst, err := a.open(c.Context(), opening{reads: true, verifies: true})
			if err != nil {
				return err
			}
			defer inst.close()
			set := inst.authn.Keys.Public()
			if len(set.Keys) == 0 {
				a.say("there is no public key: HS256 has only secret keys")
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
		Long: `Seal each private key that is sealed under one of jwt.previous_secrets under the current
jwt.secret instead. No key needs the previous secrets after that. Running servers keep
the keys that they have already opened.`,
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
	Database string   `json:"database"`
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
	n, closed, err := inst.authn.Keys.Reseal(ctx, a.actor(o.reason), o.dryRun)
	if err != nil {
		return err
	}
	done := "resealed"
	if o.dryRun {
		done = "would reseal"
	}
	a.say("%s %s", done, count(int64(n), "key"))
	view := resealView{a.database, n, append([]string{}, closed...), o.dryRun}
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
		return &problem{exitPartial, fmt.Errorf("no configured secret opens %s", count(int64(len(closed)), "key")), "put the secret that sealed them into jwt.previous_secrets"}
	}
	return nil
}

package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

type keyRotateOptions struct {
	output
	confirmOptions
	unattendedOptions
	waitOptions
	publishFor time.Duration
	now        bool
	sessions   bool
	reason     string
}

func newKeyRotate(a *app) *cobra.Command {
	var o keyRotateOptions
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Sign with a new key without signing anybody out, or burn the current key",
		Long: `Sign with a new key, in three steps. The command publishes the new key. It waits until
every server can sign with it, and for --publish-for, in which the verifiers of other
programs fetch it: docs/keys.md says how long each takes. Then it promotes the new key.
The previous key verifies until the last token that it signed has expired. An
interrupted rotation continues at the next call.

--now is for a leaked key: it makes the new key the only one at once. authctl's servers
refuse every older access token then. Verifiers of other programs accept them until they
fetch the keys again, and may refuse new ones until then. Sessions stay alive, and
browsers refresh. --and-revoke-sessions ends the sessions too. If no server has used the
database within a day, --now asks for confirmation again; without a terminal it exits
with 7.

With jwt.algorithm HS256 the key is jwt.secret itself: change that first, and move the
old secret to jwt.previous_secrets (docs/keys.md).`,
		Example: `  authctl key rotate
  authctl key rotate --publish-for 0s
  authctl key rotate --now --reason "leaked" --yes`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.now && c.Flags().Changed("publish-for") {
				return usage("without --now the new key is published first, and the previous key still verifies", "--publish-for cannot be combined with --now: --now does not publish the key beforehand")
			}
			return o.run(c.Context(), a)
		},
	}
	o.output.addFlag(c, "table", "json", "yaml", "ids")
	o.confirmOptions.addFlag(c)
	o.unattendedOptions.addFlag(c)
	o.waitOptions.addFlag(c)
	f := c.Flags()
	o.publishFor = authn.PublishedFor
	f.Var((*span)(&o.publishFor), "publish-for", "how long the new public key is published before it signs")
	f.BoolVar(&o.now, "now", false, "burn every other key at once")
	f.BoolVar(&o.sessions, "and-revoke-sessions", false, "with --now, end every session as well")
	addReason(c, &o.reason)
	return c
}

// rotateView is the result in JSON and YAML.
type rotateView struct {
	Database        string       `json:"database"`
	KeyID           string       `json:"key_id"` // the active key after the command; "" for a dry run
	Algorithm       string       `json:"algorithm"`
	PreviousKeyID   string       `json:"previous_key_id"` // the active key before the command; "" if there was none
	Burned          int          `json:"burned"`          // number of keys burned with --now; for a dry run, the number that it would burn
	SessionsRevoked bool         `json:"sessions_revoked"`
	DryRun          bool         `json:"dry_run"`
	Reason          string       `json:"reason"`
	Nodes           *reachedView `json:"nodes"` // null for a dry run
	PropagationMS   int64        `json:"propagation_ms"`
}

func (o *keyRotateOptions) run(ctx context.Context, a *app) error {
	if o.sessions && !o.now {
		return usage("authctl token revoke-all --everyone ends them without burning a key", "--and-revoke-sessions needs --now")
	}
	inst, err := a.open(ctx, opening{signs: true})
	if err != nil {
		return err
	}
	defer inst.close()
	keys, err := inst.authn.Keys.List(ctx)
	if err != nil {
		return err
	}
	view := rotateView{Database: a.database, Algorithm: inst.cfg.JWT.Algorithm, DryRun: o.dryRun, Reason: o.reason}
	for _, k := range keys {
		if k.State == store.KeyActive {
			view.PreviousKeyID = k.ID
			if k.Algorithm != view.Algorithm {
				a.say("warning: the active key is %s, and jwt.algorithm here is %s: is this the servers' configuration?", k.Algorithm, view.Algorithm)
			}
		}
	}
	if o.now {
		err = o.burn(ctx, a, inst, keys, &view)
	} else {
		err = o.rotate(ctx, a, inst, keys, &view)
	}
	if errors.Is(err, authn.ErrSecretInUse) {
		hint := "put a new secret into jwt.secret (authctl secret generate) and the old one into jwt.previous_secrets; or set jwt.algorithm to EdDSA"
		if o.now {
			hint = "put a new secret into jwt.secret (authctl secret generate), run this command again, and restart the servers with the new secret"
		}
		return &problem{exitUsage, err, hint}
	}
	if errors.Is(err, authn.ErrAnotherNext) {
		return &problem{exitConflict, err, "authctl key list shows the next key; authctl key promote activates it, authctl key retire withdraws it"}
	}
	if view.KeyID == "" && !o.dryRun {
		return err
	}
	return errors.Join(o.print(a.out, view, table{
		header: []string{"KEY", "ALGORITHM", "BEFORE", "BURNED"},
		rows:   [][]string{{view.KeyID, view.Algorithm, view.PreviousKeyID, fmt.Sprint(view.Burned)}},
	}, []string{view.KeyID}), err)
}

// rotate publishes a new key, waits, and promotes it.
func (o *keyRotateOptions) rotate(ctx context.Context, a *app, inst *instance, keys []authn.Key, view *rotateView) error {
	if o.dryRun {
		if err := inst.authn.Keys.CanRotate(keys); err != nil {
			return err
		}
		a.say("would publish a new %s key for %s, and promote it when every server can sign with it", view.Algorithm, o.publishFor)
		return nil
	}
	next, err := inst.authn.Keys.Next(ctx, a.actor(o.reason))
	if err != nil {
		return err
	}
	view.Algorithm = next.Algorithm
	a.say("key %s (%s) is published", next.ID, next.Algorithm)
	if err := o.awaitPublishedKey(ctx, a, inst.authn, next.ID); err != nil {
		return err
	}
	if next.Algorithm != authn.AlgorithmHS256 {
		if err := o.publish(ctx, a, next); err != nil {
			return err
		}
		if err := o.awaitPublishedKey(ctx, a, inst.authn, next.ID); err != nil { // a server may have joined meanwhile
			return err
		}
	}
	err = inst.authn.Keys.Promote(ctx, a.actor(o.reason), next.ID)
	if authn.CodeOf(err) == authn.CodeKeyNotFound {
		return &problem{exitConflict, fmt.Errorf("somebody else has changed the keys meanwhile: %w", err), "authctl key list shows them"}
	}
	if err != nil {
		return err
	}
	view.KeyID = next.ID
	a.say("key %s signs", next.ID)
	reach, err := o.awaitActiveKey(ctx, a, inst.authn, next.ID)
	view.Nodes, view.PropagationMS = viewReach(reach), reach.Took.Milliseconds()
	return err
}

// awaitPublishedKey waits until every server can sign with a key. It fails with a partial failure if
// a server cannot: the key is published, and nothing else has changed.
func (o *keyRotateOptions) awaitPublishedKey(ctx context.Context, a *app, svc *authn.Service, id string) error {
	reach, err := svc.Cluster.AwaitKey(ctx, id, o.wait)
	if err != nil {
		return fmt.Errorf("key %s is published and not promoted: %w", id, err)
	}
	if len(reach.Nodes) > 0 {
		a.say("%d of %s can sign with it", reach.Confirmed(), count(int64(len(reach.Nodes)), "node"))
	}
	if len(reach.Missing) == 0 {
		return nil
	}
	return &problem{exitPartial, fmt.Errorf("key %s is published and not promoted: it cannot be opened by %s", id, nodeNames(reach.Missing)),
		"restart these servers with the same jwt.secret, and run authctl key rotate again; if the secret here is wrong, first run authctl key retire " + id}
}

// publish waits until the key has been published for --publish-for.
func (o *keyRotateOptions) publish(ctx context.Context, a *app, next authn.Key) error {
	left := time.Until(next.CreatedAt.Add(o.publishFor))
	if left <= 0 {
		return nil
	}
	a.say("promoting the key in %s, after verifiers of other programs have fetched it (docs/keys.md says how long each takes)", left.Round(time.Second))
	select {
	case <-time.After(left):
		return nil
	case <-ctx.Done():
		a.say("key %s is published and not promoted; authctl key rotate continues with it", next.ID)
		return ctx.Err()
	}
}

// burn makes a new key the only one, and ends the sessions if --and-revoke-sessions is given.
func (o *keyRotateOptions) burn(ctx context.Context, a *app, inst *instance, keys []authn.Key, view *rotateView) error {
	if err := inst.authn.Keys.CanRotate(keys); err != nil {
		return err
	}
	view.Burned = len(keys)
	what := fmt.Sprintf("burn %s, and with them every access token", count(int64(len(keys)), "key"))
	if o.sessions {
		what += " and every session"
	}
	ok, err := o.confirm(ctx, a, what)
	if err != nil {
		return err
	}
	doubt, err := o.doubt(ctx, a, inst, o.confirmOptions, what)
	if err != nil || !ok {
		return err
	}
	id, burned, err := inst.authn.Keys.Burn(ctx, a.actor(o.reason))
	if err != nil {
		return err
	}
	view.KeyID, view.Burned = id, burned
	a.say("key %s is the only one, %s burned", id, count(int64(burned), "key"))
	var notRevoked error
	if o.sessions {
		_, notRevoked = inst.authn.Revoke(ctx, a.actor(o.reason), authn.SessionFilter{})
		view.SessionsRevoked = notRevoked == nil
	}
	reach, err := o.awaitActiveKey(ctx, a, inst.authn, id)
	view.Nodes, view.PropagationMS = viewReach(reach), reach.Took.Milliseconds()
	return errors.Join(notRevoked, err, doubt)
}

package storetest

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// client creates a service account with this name, whose secret is named secret.
func (f *fixture) client(name, secret string) store.Client {
	f.Helper()
	c, err := f.store.CreateClient(f.ctx, store.NewClient{
		ID: uuid.New(), Name: name, Secret: store.NewSecret{ID: uuid.New(), Hash: hashOf(secret)},
	}, event(store.ActionClientCreated, noon))
	f.ok("create client", err)
	return c
}

// ofSecret returns the client of a named secret at an instant, and whether the secret is good then.
func (f *fixture) ofSecret(secret string, at time.Time) (store.ClientCredentials, bool) {
	f.Helper()
	c, err := f.store.ClientOfSecret(f.ctx, hashOf(secret))
	if errors.Is(err, store.ErrNotFound) {
		return c, false
	}
	f.ok("read client of secret", err)
	return c, c.Client.Secrets[0].Good(at)
}

// rotated gives a client a new secret.
func (f *fixture) rotated(c store.Client, secret string, until time.Time, ends bool, at time.Time) store.Client {
	f.Helper()
	c, err := f.store.RotateSecret(f.ctx, c.ID, store.SecretRotation{
		Secret: store.NewSecret{ID: uuid.New(), Hash: hashOf(secret)}, After: c.Secrets[0].ID, Until: until, EndsTokens: ends,
	}, about(event(store.ActionClientRotated, at), c.ID, uuid.Nil))
	f.ok("rotate", err)
	return c
}

var clientCases = []testCase{
	{"a client is found by its name, its id and its secret, and in the list", func(f *fixture) {
		n := store.NewClient{ID: uuid.New(), Name: "billing", Rights: store.Rights{Roles: "admin read", Claims: `{"plan":"pro"}`},
			Secret: store.NewSecret{ID: uuid.New(), Hash: hashOf("one")}}
		want := store.Client{ID: n.ID, Name: "billing", CreatedAt: noon, Rights: n.Rights, Secrets: []store.ClientSecret{{ID: n.Secret.ID, CreatedAt: noon}}}
		want.Rights.Generation = store.NextGeneration(noon)
		e := about(event(store.ActionClientCreated, noon), n.ID, uuid.Nil)
		f.writes("create", func() {
			f.publishes("create", func() {
				c, err := f.store.CreateClient(f.ctx, n, e)
				f.ok("create client", err)
				equal(f, "created", c, want)
			})
		}, e)
		other := f.client("a", "other")
		c, err := f.store.Client(f.ctx, "billing")
		f.ok("read client", err)
		equal(f, "by name", c, want)
		byID, err := f.store.ClientByID(f.ctx, n.ID)
		f.ok("read client", err)
		equal(f, "by id", byID, store.ClientCredentials{Client: want})
		_, err = f.store.EndSessions(f.ctx, store.Everyone(), event(store.ActionSessionsRevoked, noon))
		f.ok("end sessions", err)
		bySecret, good := f.ofSecret("one", noon)
		equal(f, "by secret", bySecret, store.ClientCredentials{Client: want, Installation: store.NextGeneration(noon)})
		equal(f, "good", good, true)
		page, err := f.store.Clients(f.ctx, "", 1)
		f.ok("list", err)
		equal(f, "first page", page, []store.Client{other})
		page, err = f.store.Clients(f.ctx, "a", 1)
		f.ok("list", err)
		equal(f, "second page", page, []store.Client{want})
		_, err = f.store.Client(f.ctx, "Billing")
		f.is("read another name", err, store.ErrNotFound)
		_, err = f.store.ClientByID(f.ctx, uuid.New())
		f.is("read another id", err, store.ErrNotFound)
		_, err = f.store.ClientOfSecret(f.ctx, hashOf("two"))
		f.is("read another secret", err, store.ErrNotFound)
	}},
	{"a client whose name is taken is not created, and its secret is not either", func(f *fixture) {
		f.client("billing", "one")
		f.writes("create again", func() {
			_, err := f.store.CreateClient(f.ctx, store.NewClient{ID: uuid.New(), Name: "billing", Secret: store.NewSecret{ID: uuid.New(), Hash: hashOf("two")}},
				event(store.ActionClientCreated, noon))
			f.is("create", err, store.ErrConflict)
		})
		if _, good := f.ofSecret("two", noon); good {
			f.Error("the second secret is good")
		}
	}},
	{"a rotated secret stays good until the given instant, and the one before ends", func(f *fixture) {
		c := f.client("billing", "one")
		bystander := f.client("other", "other")
		later, until := noon.Add(time.Hour), noon.Add(25*time.Hour)
		e := about(event(store.ActionClientRotated, later), c.ID, uuid.Nil)
		f.writes("rotate", func() {
			f.publishes("rotate", func() { c = f.rotated(c, "two", until, false, later) })
		}, e)
		equal(f, "generation", c.Rights.Generation, store.NextGeneration(noon))
		equal(f, "secrets", []time.Time{c.Secrets[0].CreatedAt, c.Secrets[0].ExpiresAt, c.Secrets[1].CreatedAt, c.Secrets[1].ExpiresAt},
			[]time.Time{later, {}, noon, until})
		for _, at := range []time.Time{later, until.Add(-time.Microsecond), until} {
			_, old := f.ofSecret("one", at)
			_, young := f.ofSecret("two", at)
			equal(f, "good", []bool{old, young}, []bool{at.Before(until), true})
		}
		c = f.rotated(c, "three", until, false, later)
		equal(f, "secrets", len(c.Secrets), store.MaxClientSecrets)
		if _, good := f.ofSecret("one", later); good {
			f.Error("the third secret is good still")
		}
		c = f.rotated(c, "four", later, false, later)
		equal(f, "secrets", len(c.Secrets), 1)
		_, good := f.ofSecret("other", later)
		equal(f, "another client's secret is good", good, true)
		after, err := f.store.Client(f.ctx, "other")
		f.ok("read client", err)
		equal(f, "another client", after, bystander)
	}},
	{"a rotation that ends tokens publishes the generation, which grows whatever the clock says", func(f *fixture) {
		c := f.client("billing", "one")
		least := store.NextGeneration(noon)
		for i, at := range []time.Time{noon, noon.Add(-time.Hour), noon.Add(time.Hour)} {
			least = max(least+1, store.NextGeneration(at))
			f.publishes("rotate", func() { c = f.rotated(c, fmt.Sprint("secret ", i), at, true, at) }, store.Revocation{At: at, UserID: c.ID, Generation: least})
			equal(f, "generation", c.Rights.Generation, least)
		}
	}},
	{"a rotation after another secret than the newest changes nothing", func(f *fixture) {
		before := f.client("billing", "one")
		c := f.rotated(before, "two", noon.Add(time.Hour), false, noon)
		f.writes("rotate", func() {
			f.publishes("rotate", func() {
				for _, after := range []uuid.UUID{before.Secrets[0].ID, uuid.New(), {}} {
					_, err := f.store.RotateSecret(f.ctx, c.ID, store.SecretRotation{
						Secret: store.NewSecret{ID: uuid.New(), Hash: hashOf("three")}, After: after, Until: noon, EndsTokens: true,
					}, event(store.ActionClientRotated, noon))
					f.is("rotate", err, store.ErrConflict)
				}
				_, err := f.store.RotateSecret(f.ctx, uuid.New(), store.SecretRotation{Secret: store.NewSecret{ID: uuid.New(), Hash: hashOf("three")}, After: c.Secrets[0].ID, Until: noon},
					event(store.ActionClientRotated, noon))
				f.is("rotate nobody's", err, store.ErrNotFound)
			})
		})
		is, err := f.store.Client(f.ctx, "billing")
		f.ok("read client", err)
		equal(f, "client", is, c)
	}},
	{"a change of a client's rights outdates its tokens, and one of rights that were not read fails", func(f *fixture) {
		c := f.client("billing", "one")
		later := noon.Add(time.Hour)
		r := store.Rights{Roles: "admin", Claims: `{"plan":"pro"}`, Generation: c.Rights.Generation}
		e := about(event(store.ActionRightsChanged, later), c.ID, uuid.Nil)
		want := c
		want.Rights = store.Rights{Roles: r.Roles, Claims: r.Claims, Generation: store.NextGeneration(later)}
		f.writes("change", func() {
			f.publishes("change", func() {
				got, err := f.store.SetClientRights(f.ctx, c.ID, r, e)
				f.ok("set rights", err)
				equal(f, "changed", got, want)
				_, err = f.store.SetClientRights(f.ctx, c.ID, r, e)
				f.is("set rights again", err, store.ErrConflict)
				_, err = f.store.SetClientRights(f.ctx, uuid.New(), r, e)
				f.is("set nobody's rights", err, store.ErrNotFound)
			}, store.Revocation{At: later, UserID: c.ID, Rights: store.NextGeneration(later)})
		}, e)
	}},
	{"a disabled client keeps the instant and its secrets, and every disabling ends its tokens", func(f *fixture) {
		c := f.client("billing", "one")
		later := noon.Add(time.Hour)
		for i, at := range []time.Time{noon, later} {
			e := about(event(store.ActionClientDisabled, at), c.ID, uuid.Nil)
			generation := max(c.Rights.Generation+1, store.NextGeneration(at))
			f.writes("disable", func() {
				f.publishes("disable", func() {
					var err error
					c, err = f.store.DisableClient(f.ctx, c.ID, e)
					f.ok(fmt.Sprint("disable ", i), err)
				}, store.Revocation{At: at, UserID: c.ID, Generation: generation})
			}, e)
			equal(f, "disabled at", c.DisabledAt, noon)
		}
		is, _ := f.ofSecret("one", noon)
		equal(f, "client of the secret", is.Client, c)
		e := about(event(store.ActionClientEnabled, later), c.ID, uuid.Nil)
		f.writes("enable", func() {
			f.publishes("enable", func() {
				enabled, err := f.store.EnableClient(f.ctx, c.ID, e)
				f.ok("enable", err)
				c.DisabledAt = time.Time{}
				equal(f, "enabled", enabled, c)
			})
		}, e)
		_, err := f.store.DisableClient(f.ctx, uuid.New(), e)
		f.is("disable nobody", err, store.ErrNotFound)
		_, err = f.store.EnableClient(f.ctx, uuid.New(), e)
		f.is("enable nobody", err, store.ErrNotFound)
	}},
	{"a deleted client is gone with its secrets, and its tokens end", func(f *fixture) {
		c, other := f.client("billing", "one"), f.client("other", "other")
		e := about(event(store.ActionClientDeleted, noon), c.ID, uuid.Nil)
		f.writes("delete", func() {
			f.publishes("delete", func() { f.ok("delete", f.store.DeleteClient(f.ctx, c.ID, e)) },
				store.Revocation{At: noon, UserID: c.ID, Generation: c.Rights.Generation + 1})
		}, e)
		f.is("delete again", f.store.DeleteClient(f.ctx, c.ID, e), store.ErrNotFound)
		if _, good := f.ofSecret("one", noon); good {
			f.Error("the secret is good")
		}
		page, err := f.store.Clients(f.ctx, "", 10)
		f.ok("list", err)
		equal(f, "left", page, []store.Client{other})
		f.client("billing", "one")
	}},
	{"generations of clients that are below what was handed out are raised", func(f *fixture) {
		c, u := f.client("billing", "one"), f.user("alice")
		high := c.Rights.Generation + 7
		later := noon.Add(time.Hour)
		e := event(store.ActionRevokedAgain, later)
		raise := func(want int) {
			n, err := f.store.RaiseGenerations(f.ctx, 0, map[uuid.UUID]int64{c.ID: high, u.ID: high, uuid.New(): high}, e)
			f.ok("raise", err)
			equal(f, "raised", n, want)
		}
		raise(2)
		raise(0)
		is, err := f.store.Client(f.ctx, "billing")
		f.ok("read client", err)
		equal(f, "generation", is.Rights.Generation, high)
		f.writes("raise rights", func() {
			f.publishes("raise rights", func() {
				n, err := f.store.RaiseRights(f.ctx, map[uuid.UUID]int64{c.ID: high + 1, uuid.New(): high}, e)
				f.ok("raise rights", err)
				equal(f, "raised", n, 1)
			}, store.Revocation{At: later, UserID: c.ID, Rights: store.NextGeneration(later)})
		}, about(e, c.ID, uuid.Nil))
	}},
	{"of rotations at the same time one follows the other, and never more than two secrets are good", func(f *fixture) {
		const rotations, readers = 12, 4
		c := f.client("billing", "0")
		stores := f.processes()
		var names [rotations]string
		var made atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			together(rotations, func(i int) {
				names[i] = fmt.Sprint("secret ", i)
				err := unlessBusy(func() error {
					for {
						now, err := stores[i%2].Client(f.ctx, "billing")
						if err != nil {
							return err
						}
						_, err = stores[i%2].RotateSecret(f.ctx, c.ID, store.SecretRotation{
							Secret: store.NewSecret{ID: uuid.New(), Hash: hashOf(names[i])}, After: now.Secrets[0].ID, Until: noon.Add(time.Hour), EndsTokens: true,
						}, event(store.ActionClientRotated, noon))
						if !errors.Is(err, store.ErrConflict) {
							return err
						}
					}
				})
				if err != nil {
					f.Errorf("rotate: %v", err)
				}
				made.Add(1)
			})
		}()
		together(readers, func(i int) {
			for made.Load() < rotations {
				var is store.Client
				err := unlessBusy(func() (err error) { is, err = stores[i%2].Client(f.ctx, "billing"); return err })
				if err != nil || len(is.Secrets) > store.MaxClientSecrets || slices.IndexFunc(is.Secrets, func(s store.ClientSecret) bool { return s.ExpiresAt.IsZero() }) != 0 {
					f.Errorf("read: %+v, %v", is, err)
					return
				}
			}
		})
		<-done
		good := 0
		for _, name := range names {
			if _, ok := f.ofSecret(name, noon); ok {
				good++
			}
		}
		equal(f, "good secrets", good, store.MaxClientSecrets)
		is, err := f.store.Client(f.ctx, "billing")
		f.ok("read client", err)
		equal(f, "generation", is.Rights.Generation, store.NextGeneration(noon)+rotations)
	}},
}

package authn

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// DefaultOverlap is how long a secret stays good beside the one that replaces it, unless the
// operator says otherwise.
const DefaultOverlap = 24 * time.Hour

// DefaultClientID returns the client_id of users' tokens whose request names no application.
func (s *Service) DefaultClientID() string { return s.access.clientID }

// IsClientName reports whether a text can be the name of a service account: [a-z0-9_.:-]{1,64}.
func IsClientName(text string) bool { return IsRole(text) }

// CreateClient adds a service account with these roles and claims and returns its secret, which
// nobody can read again. It fails with [CodeClientNameTaken], and with [CodeInvalidRequest] for a
// name, role or claim that cannot be.
func (s *Service) CreateClient(ctx context.Context, a Actor, name string, c RightsChange) (client store.Client, secret string, err error) {
	if !IsClientName(name) {
		return store.Client{}, "", refuse(CodeInvalidRequest, fmt.Sprintf("%q cannot be the name of a client: it has 1 to %d characters of a-z 0-9 _ . : -", truncate(name, maxRoleLength), maxRoleLength))
	}
	if name == s.access.clientID {
		return store.Client{}, "", refuse(CodeInvalidRequest, fmt.Sprintf("the client cannot be called %q: that is the client_id in the access tokens of users", name))
	}
	rights, err := s.changedRights(holder{client: name}, store.Rights{}, c)
	if err != nil {
		return store.Client{}, "", err
	}
	secret = newClientSecret()
	n := store.NewClient{ID: uuid.New(), Name: name, Rights: rights, Secret: store.NewSecret{ID: uuid.New(), Hash: hashClientSecret(secret)}}
	e := describeChange(a.event(store.ActionClientCreated, s.now()), store.Rights{}, rights)
	client, err = s.store.CreateClient(ctx, n, e.OfClient(n.ID, name))
	if errors.Is(err, store.ErrConflict) {
		return store.Client{}, "", refuse(CodeClientNameTaken, fmt.Sprintf("there is a client %s already", name))
	}
	if err != nil {
		return store.Client{}, "", fail(err)
	}
	return client, secret, nil
}

// Client returns the service account of this name. It fails with [CodeClientNotFound].
func (s *Service) Client(ctx context.Context, name string) (store.Client, error) {
	c, err := s.clientNamed(ctx, name)
	if err != nil {
		return store.Client{}, clientFault(name, err)
	}
	return c, nil
}

// clientNamed asks the database only for a name that a client can have: PostgreSQL refuses some
// other texts.
func (s *Service) clientNamed(ctx context.Context, name string) (store.Client, error) {
	if !IsClientName(name) {
		return store.Client{}, store.ErrNotFound
	}
	return s.store.Client(ctx, name)
}

// Clients returns one page of all service accounts, ordered by name, after the given name.
func (s *Service) Clients(ctx context.Context, after string, limit int) ([]store.Client, error) {
	list, err := s.store.Clients(ctx, after, limit)
	if err != nil {
		return nil, fail(err)
	}
	return list, nil
}

// SecretRotation says what becomes of the secrets before a new one.
type SecretRotation struct {
	Overlap time.Duration // how long the newest secret stays good; others end at once
	Now     bool          // every older secret ends at once, and so do the client's access tokens
}

// RotateClient gives a service account a new secret. c is the client as it was read: what ends is
// what the operator has seen. It fails with [CodeClientChanged] if the client was rotated meanwhile, and
// with [CodeClientNotFound].
func (s *Service) RotateClient(ctx context.Context, a Actor, c store.Client, r SecretRotation) (client store.Client, secret string, err error) {
	now := s.now()
	secret = newClientSecret()
	rotation := store.SecretRotation{Secret: store.NewSecret{ID: uuid.New(), Hash: hashClientSecret(secret)}, Until: now.Add(r.Overlap), EndsTokens: r.Now}
	action := store.ActionClientRotated
	if r.Now {
		rotation.Until, action = now, store.ActionClientRevoked
	}
	if len(c.Secrets) > 0 {
		rotation.After = c.Secrets[0].ID
	}
	client, err = s.changeClient(ctx, a, c, action, func(ctx context.Context, e store.Event) (store.Client, error) {
		return s.store.RotateSecret(ctx, c.ID, rotation, e)
	})
	if errors.Is(err, store.ErrConflict) {
		return store.Client{}, "", refuse(CodeClientChanged, fmt.Sprintf("somebody else has rotated the secret of client %s meanwhile", c.Name))
	}
	return client, secret, err
}

// SetClientRights changes what a service account may do. It is in force on every server within a
// second: the client's older access tokens are refused then. It reports false, and writes nothing,
// if the client has these roles and claims already. It fails with [CodeClientNotFound], and with
// [CodeInvalidRequest] as [Service.SetRights] does.
func (s *Service) SetClientRights(ctx context.Context, a Actor, name string, c RightsChange) (client store.Client, changed bool, err error) {
	for range 10 { // each time another operator has changed the client meanwhile
		if client, err = s.Client(ctx, name); err != nil {
			return store.Client{}, false, err
		}
		becomes, err := s.changedRights(holder{client: name}, client.Rights, c)
		if err != nil {
			return store.Client{}, false, err
		}
		if becomes.Same(client.Rights) {
			return client, false, nil
		}
		before, by := client, a
		by.Reason = describeChange(store.Event{Reason: a.Reason}, before.Rights, becomes).Reason
		client, err = s.changeClient(ctx, by, before, store.ActionRightsChanged, func(ctx context.Context, e store.Event) (store.Client, error) {
			return s.store.SetClientRights(ctx, before.ID, becomes, e)
		})
		if err == nil || !errors.Is(err, store.ErrConflict) {
			return client, err == nil, err
		}
	}
	return store.Client{}, false, &Error{Code: CodeUnavailable, Message: "others keep changing this client, try again"}
}

// DisableClient ends a service account's access tokens, and refuses its secrets. It fails with
// [CodeClientNotFound].
func (s *Service) DisableClient(ctx context.Context, a Actor, c store.Client) (store.Client, error) {
	return s.changeClient(ctx, a, c, store.ActionClientDisabled, func(ctx context.Context, e store.Event) (store.Client, error) {
		return s.store.DisableClient(ctx, c.ID, e)
	})
}

// EnableClient accepts a service account's secrets again. It fails with [CodeClientNotFound].
func (s *Service) EnableClient(ctx context.Context, a Actor, c store.Client) (store.Client, error) {
	return s.changeClient(ctx, a, c, store.ActionClientEnabled, func(ctx context.Context, e store.Event) (store.Client, error) {
		return s.store.EnableClient(ctx, c.ID, e)
	})
}

// DeleteClient removes a service account and ends its access tokens. It fails with
// [CodeClientNotFound].
func (s *Service) DeleteClient(ctx context.Context, a Actor, c store.Client) error {
	_, err := s.changeClient(ctx, a, c, store.ActionClientDeleted, func(ctx context.Context, e store.Event) (store.Client, error) {
		return c, s.store.DeleteClient(ctx, c.ID, e)
	})
	return err
}

// changeClient carries out one change of a client with its audit event. A conflict is returned as
// the store has it.
func (s *Service) changeClient(ctx context.Context, a Actor, c store.Client, action store.Action,
	do func(context.Context, store.Event) (store.Client, error)) (store.Client, error) {
	changed, err := do(ctx, a.event(action, s.now()).OfClient(c.ID, c.Name))
	if errors.Is(err, store.ErrConflict) {
		return store.Client{}, err
	}
	if err != nil {
		return store.Client{}, clientFault(c.Name, err)
	}
	s.Cluster.catchUp(ctx)
	return changed, nil
}

func clientFault(name string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		if !IsClientName(name) {
			name = strconv.Quote(truncate(name, maxRoleLength))
		}
		return refuse(CodeClientNotFound, "there is no client "+name)
	}
	return fail(err)
}

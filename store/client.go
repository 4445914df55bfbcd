package store

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Clients is the part of [Store] about service accounts: programs that get access tokens with a
// secret of their own (RFC 6749, section 4.4). A client has at most [MaxClientSecrets] secrets that
// are alive at an instant. The events of a client have its id as UserID.
type Clients interface {
	// CreateClient adds a client with one secret. Its generation is that of e.At. [ErrConflict] when
	// the name is taken.
	CreateClient(ctx context.Context, c NewClient, e Event) (Client, error)

	// Clients returns one page of all clients, ordered by name: the first limit clients whose name
	// sorts after the given one.
	Clients(ctx context.Context, after string, limit int) ([]Client, error)

	// Client returns the client with this name, or [ErrNotFound].
	Client(ctx context.Context, name string) (Client, error)

	// ClientOfSecret returns what a request for a token needs about the client whose secret has this
	// hash, in one statement: the client with this secret only, and the current generation. It
	// returns disabled clients and expired secrets too. [ErrNotFound] when no client has the secret.
	ClientOfSecret(ctx context.Context, hash string) (ClientCredentials, error)

	// ClientByID returns the client with this id and the current generation, or [ErrNotFound].
	ClientByID(ctx context.Context, id uuid.UUID) (ClientCredentials, error)

	// RotateSecret gives a client a new secret. The secret that was the newest stays good until
	// r.Until, and all others end at once; those that do not stay good are deleted. With r.EndsTokens
	// it ends the client's access tokens by raising the generation. [ErrConflict] when r.After is not
	// the newest secret. [ErrNotFound] when there is no such client.
	RotateSecret(ctx context.Context, id uuid.UUID, r SecretRotation, e Event) (Client, error)

	// SetClientRights replaces a client's roles and claims, raises the generation, and publishes
	// that, so that servers refuse the client's older access tokens. r.Generation is the one that was
	// read: [ErrConflict] when it is no longer the client's. [ErrNotFound] when there is no such
	// client.
	SetClientRights(ctx context.Context, id uuid.UUID, r Rights, e Event) (Client, error)

	// DisableClient sets disabled_at to e.At and ends the client's access tokens by raising the
	// generation. A client that is disabled already keeps the earlier instant. [ErrNotFound] when
	// there is no such client.
	DisableClient(ctx context.Context, id uuid.UUID, e Event) (Client, error)

	// EnableClient clears disabled_at. Tokens that ended stay dead. [ErrNotFound] when there is no
	// such client.
	EnableClient(ctx context.Context, id uuid.UUID, e Event) (Client, error)

	// DeleteClient removes a client and its secrets, and ends its access tokens. Audit events stay.
	// [ErrNotFound] when there is no such client.
	DeleteClient(ctx context.Context, id uuid.UUID, e Event) error
}

// MaxClientSecrets is how many secrets of a client are alive at an instant.
const MaxClientSecrets = 2

// Client is a service account.
type Client struct {
	ID         uuid.UUID
	Name       string
	CreatedAt  time.Time
	DisabledAt time.Time // zero while the client is enabled

	// Rights.Generation is the client's only generation: access tokens of an earlier one are ended,
	// or outdated by a change of rights, as the feed says.
	Rights  Rights
	Secrets []ClientSecret // the newest first; expired ones may be there until the next rotation
}

// Disabled reports whether the client gets no tokens.
func (c Client) Disabled() bool { return !c.DisabledAt.IsZero() }

// ClientSecret is a secret of a client, without the secret.
type ClientSecret struct {
	ID        uuid.UUID
	CreatedAt time.Time
	ExpiresAt time.Time // zero for the newest one, which is good until it is rotated
}

// Good reports whether the secret is good at an instant.
func (s ClientSecret) Good(now time.Time) bool {
	return s.ExpiresAt.IsZero() || now.Before(s.ExpiresAt)
}

// NewClient is the input of [Store.CreateClient].
type NewClient struct {
	ID     uuid.UUID
	Name   string
	Rights Rights // without a generation
	Secret NewSecret
}

// NewSecret is a secret to add at the instant of the event.
type NewSecret struct {
	ID   uuid.UUID
	Hash string // hex SHA-256 of the secret
}

// SecretRotation is the input of [Store.RotateSecret].
type SecretRotation struct {
	Secret     NewSecret
	After      uuid.UUID // the newest secret, as it was read
	Until      time.Time // when that secret ends; not after the event's instant for at once
	EndsTokens bool
}

// ClientCredentials is a client and the installation's generation, read together.
type ClientCredentials struct {
	Client       Client
	Installation int64
}

// Generation returns the pair for an access token.
func (c ClientCredentials) Generation() Generation {
	return Generation{Installation: c.Installation, User: c.Client.Rights.Generation}
}

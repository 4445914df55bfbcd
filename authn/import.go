package authn

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// Arrival is a user to import from another installation or another program.
type Arrival struct {
	ID                 uuid.UUID // zero to derive it from Origin
	Origin             string    // what the other program calls the user, when it has no UUID
	Username           string
	Unverified         bool      // the Username is an e-mail address that the other program has not confirmed
	Email              string    // "" for none
	EmailVerifiedAt    time.Time // zero while the address is not verified
	PasswordHash       string    // in that program's format; "" for a user who cannot sign in by password
	CreatedAt          time.Time
	DisabledAt         time.Time // zero for an enabled user
	PasswordChangedAt  time.Time // zero for CreatedAt
	PasswordDisabledAt time.Time // zero while the password may be used
}

// CheckArrival returns the user as it would be stored. It fails with [CodeInvalidUsername], with
// [CodeInvalidEmail], or with [CodeInvalidRequest] when the password hash cannot be verified here. The message gives the reason
// and nothing of the hash.
func (s *Service) CheckArrival(in Arrival) (store.ImportedUser, error) {
	folded, err := foldUsername(in.Username)
	if err != nil {
		return store.ImportedUser{}, err
	}
	if in.PasswordHash != "" {
		if _, err := s.rules.Load().hasher.Parse(in.PasswordHash); err != nil {
			return store.ImportedUser{}, refuse(CodeInvalidRequest, "the "+strings.TrimPrefix(err.Error(), "the "))
		}
	}
	var email store.Address
	if in.Email != "" {
		if email, err = ParseEmail(in.Email); err != nil {
			return store.ImportedUser{}, err
		}
		email.Verified = !in.EmailVerifiedAt.IsZero()
	} else {
		in.EmailVerifiedAt = time.Time{}
	}
	if in.ID == uuid.Nil {
		in.ID = arrivalID(in.Origin)
	}
	if in.CreatedAt.IsZero() {
		in.CreatedAt = s.now()
	}
	if in.PasswordChangedAt.IsZero() {
		in.PasswordChangedAt = in.CreatedAt
	}
	return store.ImportedUser{
		NewUser: store.NewUser{
			ID: in.ID, Username: in.Username, Folded: folded, PasswordHash: in.PasswordHash, CreatedAt: micro(in.CreatedAt),
			Email: email,
		},
		DisabledAt:         micro(in.DisabledAt),
		PasswordChangedAt:  micro(in.PasswordChangedAt),
		PasswordDisabledAt: micro(in.PasswordDisabledAt),
		EmailVerifiedAt:    micro(in.EmailVerifiedAt),
	}, nil
}

// arrivalID derives an imported user's id from its origin. The same origin always yields the same id, so
// that a user is not imported twice.
func arrivalID(origin string) uuid.UUID {
	sum := sha256.Sum256([]byte("authctl import\x00" + origin))
	return hashUUID(sum[:])
}

func micro(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Microsecond)
}

// ImportUsers imports users that [Service.CheckArrival] has returned, and returns the outcome for
// each. When it fails it has imported none. A user who exists already, by id and name, is left
// unchanged, except that a user without a password gets the imported one. Of two users with one id
// or name the second is Taken. Of two with one verified address the second is EmailTaken.
func (s *Service) ImportUsers(ctx context.Context, a Actor, users []store.ImportedUser) ([]store.ImportOutcome, error) {
	ids, names, verified := map[uuid.UUID]bool{}, map[string]bool{}, map[string]bool{}
	outcomes := make([]store.ImportOutcome, len(users))
	var different []store.ImportedUser
	var at []int
	for i, u := range users {
		if ids[u.ID] || names[u.Folded] {
			outcomes[i] = store.Taken
			continue
		}
		if u.Email.Verified && verified[u.Email.Folded] {
			outcomes[i] = store.EmailTaken
			continue
		}
		ids[u.ID], names[u.Folded] = true, true
		verified[u.Email.Folded] = u.Email.Verified || verified[u.Email.Folded]
		different, at = append(different, u), append(at, i)
	}
	done, err := s.store.ImportUsers(ctx, different, a.event(store.ActionUserImported, s.now()))
	if err != nil {
		return nil, fail(err)
	}
	for i, o := range done {
		outcomes[at[i]] = o
	}
	return outcomes, nil
}

// CredentialsPage returns one page of all users with their password hashes, ordered by id: the
// first limit users whose id is greater than after.
func (s *Service) CredentialsPage(ctx context.Context, after uuid.UUID, limit int) ([]store.Credentials, error) {
	page, err := s.store.CredentialsPage(ctx, after, limit)
	if err != nil {
		return nil, fail(err)
	}
	return page, nil
}

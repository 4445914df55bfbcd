package authn

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

// Arrival is a user to import from another installation or another program.
type Arrival struct {
	ID                 uuid.UUID // zero to derive it from Origin
	Origin             string    // what the other program calls the user, when it has no UUID
	Username           string    // "" for a user who has only an address, who gets a name made of the id
	Email              string    // "" for none
	EmailVerified      bool      // the other program has confirmed the Email
	EmailVerifiedAt    time.Time // when it did; zero for CreatedAt
	Unverified         bool      // the user would sign in by an address that the other program has not confirmed
	PasswordHash       string    // in that program's format; "" for a user who cannot sign in by password
	PasswordSalt       string    // of a program that stores it in a field of its own; "" for none
	Prehash            string    // what that program does with a password before it hashes it, see [CheckPrehash]; "" for nothing
	CreatedAt          time.Time
	DisabledAt         time.Time // zero for an enabled user
	PasswordChangedAt  time.Time // zero for CreatedAt
	PasswordDisabledAt time.Time // zero while the password may be used
	Roles              string    // words between spaces
	Claims             string    // a JSON object; "" for none
}

// CheckArrival returns the user as it would be stored. It fails with [CodeInvalidUsername], with
// [CodeInvalidEmail] for a user who has no username and an address that cannot get mail from here,
// or with [CodeInvalidRequest] when the password hash cannot be verified here, or for roles and claims
// that [Service.SetRights] refuses. The message gives the reason and nothing of the hash. A user who has a username loses such an address.
func (s *Service) CheckArrival(in Arrival) (store.ImportedUser, error) {
	if in.ID == uuid.Nil {
		in.ID = arrivalID(in.Origin)
	}
	var email store.Address
	if in.Email != "" {
		var err error
		if email, err = ParseEmail(in.Email); err != nil && in.Username == "" {
			return store.ImportedUser{}, err
		}
		email.Verified = in.EmailVerified && err == nil
	}
	if in.Username == "" {
		in.Username = arrivalName(in.ID)
	}
	folded, err := foldUsername(in.Username)
	if err != nil {
		return store.ImportedUser{}, err
	}
	if in.PasswordHash, err = s.arrivalHash(in); err != nil {
		return store.ImportedUser{}, refuse(CodeInvalidRequest, "the "+strings.TrimPrefix(err.Error(), "the "))
	}
	rights, err := s.ParseRights(in.Username, strings.Fields(in.Roles), in.Claims)
	if err != nil {
		return store.ImportedUser{}, err
	}
	if in.CreatedAt.IsZero() {
		in.CreatedAt = s.now()
	}
	if in.PasswordChangedAt.IsZero() {
		in.PasswordChangedAt = in.CreatedAt
	}
	switch {
	case !email.Verified:
		in.EmailVerifiedAt = time.Time{}
	case in.EmailVerifiedAt.IsZero():
		in.EmailVerifiedAt = in.CreatedAt
	}
	return store.ImportedUser{
		NewUser: store.NewUser{
			ID: in.ID, Username: in.Username, Folded: folded, PasswordHash: in.PasswordHash, CreatedAt: micro(in.CreatedAt), Email: email,
			Rights: rights,
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

// arrivalName returns the username of an imported user who has none. It tells nothing of the
// address, and the same user always gets the same one.
func arrivalName(id uuid.UUID) string {
	sum := sha256.Sum256([]byte("authctl imported name\x00" + id.String()))
	return "user-" + hex.EncodeToString(sum[:8])
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
// or name the second is Taken, of two with one verified address it is EmailTaken.
func (s *Service) ImportUsers(ctx context.Context, a Actor, users []store.ImportedUser) ([]store.ImportOutcome, error) {
	ids, names, emails := map[uuid.UUID]bool{}, map[string]bool{}, map[string]bool{}
	outcomes := make([]store.ImportOutcome, len(users))
	var different []store.ImportedUser
	var at []int
	for i, u := range users {
		if ids[u.ID] || names[u.Folded] {
			outcomes[i] = store.Taken
			continue
		}
		if u.Email.Verified && emails[u.Email.Folded] {
			outcomes[i] = store.EmailTaken
			continue
		}
		ids[u.ID], names[u.Folded] = true, true
		if u.Email.Verified {
			emails[u.Email.Folded] = true
		}
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

package authn

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/crypto/bcrypt"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
)

// TestATimerTellsNoBadLoginFromAnother measures what TestBadLoginsAreAlikeAndCostOneHashEach
// and TestNoSpellingIsToldFromAnUnknownNameByWhatIsComputed count: 100 logins of each kind, in no
// order, and their medians. It wants a machine that does nothing else, and two minutes of it:
//
//	AUTHCTL_TEST_TIMING=1 go test ./authn -run ATimerTells -v
func TestATimerTellsNoBadLoginFromAnother(t *testing.T) {
	if os.Getenv("AUTHCTL_TEST_TIMING") == "" {
		t.Skip("AUTHCTL_TEST_TIMING is not set")
	}
	const samples = 100
	f := newFixture(t, openSQLite(t), func(c *Config) { c.Argon2 = hashing.Params{Memory: 19456, Iterations: 2, Parallelism: 1} })
	f.register(t, "alice")
	f.register(t, "dora")
	if _, err := f.DisableUser(f.ctx, Actor{Name: "cli:root"}, "dora"); err != nil {
		t.Fatal(err)
	}
	bare := store.NewUser{ID: uuid.New(), Username: "nora", Folded: "nora", CreatedAt: f.now()}
	if _, err := f.store.CreateUser(f.ctx, bare, visitor.event(store.ActionUserCreated, f.now())); err != nil {
		t.Fatal(err)
	}
	costly, err := bcrypt.GenerateFromPassword([]byte(goodPassword), 9)
	if err != nil {
		t.Fatal(err)
	}
	f.arrive(t, "berta", string(costly))
	f.arrive(t, "sven", "$6$saltsalt$"+strings.Repeat("a", 86))
	f.arrive(t, "olga", hashAt(t, cheap))
	wantCode(t, "look", f.SurveyHashes(f.ctx), "")
	kinds := map[string]Account{
		"bcrypt":           {Username: "berta", Password: goodPassword + "!"},
		"SHA-crypt":        {Username: "sven", Password: goodPassword},
		"SHA-crypt, long":  {Username: "sven", Password: strings.Repeat("ä", 256)},
		"a cheaper Argon2": {Username: "olga", Password: goodPassword + "!"},
		"unknown":          {Username: "nobody", Password: goodPassword},
		"wrong password":   {Username: "alice", Password: goodPassword + "!"},
		"disabled":         {Username: "dora", Password: goodPassword},
		"no password":      {Username: "nora", Password: goodPassword},
	}
	var order []string
	for kind := range kinds {
		for range samples {
			order = append(order, kind)
		}
	}
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	took := map[string][]time.Duration{}
	for _, kind := range order {
		f.advance(time.Hour)
		began := time.Now()
		_, err := f.Login(f.ctx, visitor, kinds[kind], "")
		took[kind] = append(took[kind], time.Since(began))
		wantCode(t, kind, err, CodeInvalidCredentials)
	}
	reference := median(took["wrong password"])
	for kind, all := range took {
		m := median(all)
		apart := float64(m-reference) / float64(reference)
		t.Logf("%-16s median %s, %+.2f %% from a wrong password", kind, m, 100*apart)
		if apart > 0.05 || apart < -0.05 {
			t.Errorf("%s takes %s, a wrong password %s: more than 5 %% apart", kind, m, reference)
		}
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

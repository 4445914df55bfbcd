package userfile

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// read returns the users of a text, the rejected rows as "number: reason", and the final
// error.
func read(format, text string, o Options) (users []authn.Arrival, rejects []string, err error) {
	r := New(o)
	for row, err := range r.Read(format, iotest.HalfReader(strings.NewReader(text))) {
		switch {
		case err != nil:
			return users, rejects, err
		case row.Err != nil:
			rejects = append(rejects, fmt.Sprintf("%d: %v", row.Number, row.Err))
		default:
			users = append(users, row.User)
		}
	}
	return users, rejects, nil
}

func TestEachFormatIsRead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		format, file string
		names        []string
		rejects      int
		unkept       []string
	}{
		{"keycloak", "keycloak.json", []string{"alice", "bob", "carl"}, 1, []string{"credentials of the type otp", "firstName"}},
		{"firebase", "firebase.json", []string{"google@example.com"}, 2, []string{"providerUserInfo"}},
		{"django", "django.json", []string{"alice", "bob", "weak"}, 0, nil},
		{"auth0", "auth0.ndjson", []string{"alice@example.com", "bob"}, 1, nil},
		{"gotrue", "gotrue.ndjson", []string{"alice@example.com", "bob@example.com"}, 1, []string{"aud", "instance_id", "phone", "raw_user_meta_data", "role"}},
		{"gotrue", "gotrue.csv", []string{"alice@example.com"}, 0, []string{"aud", "role"}},
		{"kratos", "kratos.json", []string{"alice@example.com", "bob"}, 0, []string{"schema_id", "traits.name"}},
	} {
		text, err := os.ReadFile("testdata/" + tt.file)
		if err != nil {
			t.Fatal(err)
		}
		r := New(Options{})
		var names []string
		rejects := 0
		for row, err := range r.Read(tt.format, bytes.NewReader(text)) {
			if err != nil {
				t.Fatalf("%s: %v", tt.file, err)
			}
			if row.Err != nil {
				rejects++
				continue
			}
			names = append(names, first(row.User.Username, row.User.Email))
			if row.User.ID == uuid.Nil && row.User.Origin == "" {
				t.Errorf("%s: %s has neither an id nor an origin", tt.file, row.User.Username)
			}
		}
		if !slices.Equal(names, tt.names) || rejects != tt.rejects || tt.unkept != nil && !slices.Equal(r.Unkept(), tt.unkept) {
			t.Errorf("%s: got %v and %d rejects, dropped %v", tt.file, names, rejects, r.Unkept())
		}
	}
}

// TestAFileThatIsCutGivesItsBeginning cuts each sample at every byte. No user changes, and the
// cut is reported, or rejects a row.
func TestAFileThatIsCutGivesItsBeginning(t *testing.T) {
	t.Parallel()
	for file, format := range map[string]string{"keycloak.json": "keycloak", "django.json": "django", "auth0.ndjson": "auth0", "gotrue.ndjson": "gotrue", "kratos.json": "kratos"} {
		text, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		whole, _, err := read(format, string(text), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(text); n += 7 {
			part, _, err := read(format, string(text[:n]), Options{})
			if len(part) > len(whole) || !slices.Equal(part, whole[:len(part)]) {
				t.Fatalf("%s, %d bytes: got %v", file, n, part)
			}
			if begun := strings.TrimSpace(string(text[:n])); err == nil && begun != "" && len(part) < len(whole) && !strings.HasSuffix(begun, "}") {
				t.Errorf("%s: the cut after %d bytes is not told", file, n)
			}
		}
	}
}

func TestABadRowIsRejectedAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	const good = `{"username":"alice"}`
	for text, want := range map[string]string{
		`{"username":"a","role":"admin"}`: `"role", which is not a field of a user`,
		`{"username":"a","Username":"b"}`: `"Username", which is not a field`,
		`{"username":"a","username":"b"}`: `"username" twice`,
		`{"username":1}`:                  "username is not text",
		`{"username":null}`:               "no username",
		`{}`:                              "no username",
		`7`:                               "not a JSON object",
		`{"username":"a"}7`:               "follows",
		`{"username":"a"`:                 "not a JSON object",
		"{\"username\":\"\xff\"}":         "UTF-8",
		`{"username":"a","id":[1]}`:       "id is not text",
		`{"username":"a","id":"00000000-0000-0000-0000-000000000000"}`: "UUID of zeros",
		`{"username":"a","created_at":"yesterday"}`:                    "created_at is not a time",
		`{"username":"a","created_at":"0001-01-01T00:00:00Z"}`:         "created_at is not a time",
		`{"username":"` + strings.Repeat("a", 70<<10) + `"}`:           "64 KiB",
	} {
		users, rejects, err := read("authctl", good+"\n"+text+"\n\n"+good, Options{})
		if err != nil || len(users) != 2 || len(rejects) != 1 || !strings.HasPrefix(rejects[0], "2: ") || !strings.Contains(rejects[0], want) {
			t.Errorf("%.60s: got %d users, %v, %v, want %s", text, len(users), rejects, err, want)
		}
	}
	users, rejects, err := read("authctl", "username,password_hash\nalice,x\nbob\n\"ca\"\"rl\",\"a,b\"\n", Options{})
	if err != nil || len(users) != 2 || users[1].Username != `ca"rl` || users[1].PasswordHash != "a,b" || len(rejects) != 1 || !strings.HasPrefix(rejects[0], "3: it has 1 fields") {
		t.Errorf("CSV: got %v, %v, %v", users, rejects, err)
	}
}

func TestAnEndlessRecordIsNotReadIntoTheMemory(t *testing.T) {
	t.Parallel()
	endless := `[{"username":"` + strings.Repeat("a", 1<<20) + `"}]`
	for _, format := range []string{"django", "kratos"} {
		if _, _, err := read(format, endless, Options{}); err == nil || !strings.Contains(err.Error(), "64 KiB") {
			t.Errorf("%s: got %v", format, err)
		}
	}
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	t.Parallel()
	instant := rapid.Custom(func(t *rapid.T) time.Time {
		return time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "microseconds")).UTC()
	})
	text := rapid.StringMatching(`[\pL\pN"',;=+@$/.-]{1,20}`)
	rapid.Check(t, func(t *rapid.T) {
		var want []authn.Arrival
		format := rapid.SampledFrom([]string{"ndjson", "csv"}).Draw(t, "format")
		var file bytes.Buffer
		w, err := NewWriter(&file, format)
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 5).Draw(t, "users") {
			u := authn.Arrival{ID: uuid.New(), Username: text.Draw(t, "name"), PasswordHash: text.Draw(t, "hash"), CreatedAt: instant.Draw(t, "created"), PasswordChangedAt: instant.Draw(t, "changed")}
			if rapid.Bool().Draw(t, "disabled") {
				u.DisabledAt = instant.Draw(t, "disabled at")
			}
			if rapid.Bool().Draw(t, "password disabled") {
				u.PasswordDisabledAt = instant.Draw(t, "password disabled at")
			}
			u.Origin = "authctl/" + u.Username
			u.Roles = rapid.SampledFrom([]string{"", "admin", "a.b:c-d_e editor"}).Draw(t, "roles")
			u.Claims = rapid.SampledFrom([]string{"", `{"n":12345678901234567890,"x":"<&>\"',;\u2028 é"}`}).Draw(t, "claims")
			want = append(want, u)
			c := store.Credentials{PasswordHash: u.PasswordHash, User: store.User{ID: u.ID, Username: u.Username, CreatedAt: u.CreatedAt, DisabledAt: u.DisabledAt, PasswordChangedAt: u.PasswordChangedAt, PasswordDisabledAt: u.PasswordDisabledAt,
				Rights: store.Rights{Roles: u.Roles, Claims: u.Claims, Generation: 7}}}
			if err := w.Write(c); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		got, rejects, err := read("authctl", file.String(), Options{})
		if err != nil || len(rejects) > 0 || !slices.Equal(got, want) {
			t.Fatalf("got %v, %v, %v, want %v of\n%s", got, rejects, err, want, file.String())
		}
	})
}

func FuzzRead(f *testing.F) {
	for file, format := range samples() {
		f.Add(format, sample(f, file))
		f.Add(Auto, sample(f, file))
	}
	f.Add("authctl", `{"id":"5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10","username":"alice","disabled_at":null}`)
	f.Add("authctl", "username,id\nalice,\n")
	f.Fuzz(func(t *testing.T, format, text string) {
		users, _, _ := read(format, text, Options{})
		for _, u := range users {
			if u.Username == "" && u.Email == "" {
				t.Errorf("%s: a user without a name or an address of %q", format, text)
			}
		}
	})
}

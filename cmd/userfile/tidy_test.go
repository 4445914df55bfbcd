package userfile

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func TestATimeWithoutAZoneIsTakenAsUTCAndCounted(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for text, zoneless := range map[string]int{
		"2026-03-01 09:00:00": 1, "2026-03-01T09:00:00": 1, "2026-03-01 09:00:00.000000": 1, "2026-03-01 09:00": 1, "2026-03-01 09:00:00  ": 1,
		"2026-03-01T09:00:00Z": 0, "2026-03-01 09:00:00+00": 0, "2026-03-01 10:00:00+01:00": 0, "2026-03-01 09:00:00 UTC": 0, "2026-03-01 09:00:00.0000000 +00:00": 0,
		"2026-03-01T09:00:00.000+0000": 0, "2026-03-01 14:30:00+05:30": 0,
	} {
		r := New(Options{})
		for row, err := range r.Read("authctl", strings.NewReader("username,created_at\nalice,"+text+"\n")) {
			if err != nil || row.Err != nil || !row.User.CreatedAt.Equal(want) || r.Zoneless() != zoneless {
				t.Errorf("%q: got %v, %v, %v and %d without a zone", text, row.User.CreatedAt, err, row.Err, r.Zoneless())
			}
		}
	}
	for text, want := range map[string]time.Time{"0000-00-00 00:00:00": {}, "0000-00-00": {}, "NULL": {}, `\N`: {}, "2026-03-01": time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)} {
		users, rejects, err := read("authctl", "username,created_at\nalice,"+text+"\n", Options{})
		if err != nil || len(users) != 1 || !users[0].CreatedAt.Equal(want) {
			t.Errorf("%q: got %v, %v, %v", text, users, rejects, err)
		}
	}
	for _, text := range []string{"2026-03-01 09:00:00 CET", "0001-01-01T00:00:00Z", "infinity", "yesterday", "2026-13-01 09:00:00", "20260301"} {
		if users, rejects, err := read("authctl", "username,created_at\nalice,"+text+"\n", Options{}); err != nil || len(rejects) != 1 {
			t.Errorf("%q: got %v, %v, %v", text, users, rejects, err)
		}
	}
}

func TestABanWithoutAnEndDisables(t *testing.T) {
	t.Parallel()
	const head = "id,email,encrypted_password,banned_until\n5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10,a@b.example,x,"
	for until, disabled := range map[string]bool{"infinity": true, "Infinity": true, "-infinity": false, "": false, "2999-01-01 00:00:00+00": true, "2001-01-01 00:00:00": false} {
		users, rejects, err := read("gotrue", head+until+"\n", Options{})
		if err != nil || len(users) != 1 || users[0].DisabledAt.IsZero() == disabled {
			t.Errorf("%q: got %v, %v, %v", until, users, rejects, err)
		}
	}
}

func TestAnIDThatIsNoUUIDIsKeptAsAClaim(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ format, text, origin, claims string }{
		{"authctl", "username,id\nalice,42\n", "authctl-id/42", `{"imported_id":"42"}`},
		{"authctl", `{"username":"alice","id":42}`, "authctl-id/42", `{"imported_id":"42"}`},
		{"authctl", `{"username":"alice","id":"a\"b","claims":{"plan":"pro"}}`, `authctl-id/a"b`, `{"imported_id":"a\"b","plan":"pro"}`},
		{"authctl", `{"username":"alice","id":"42","claims":{"imported_id":7}}`, "authctl-id/42", `{"imported_id":7}`},
		{"keycloak", `{"users":[{"id":"f:1:alice","username":"alice"}]}`, "keycloak/f:1:alice", `{"imported_id":"f:1:alice"}`},
		{"firebase", `{"users":[{"localId":"Zk3","email":"a@b.example"}]}`, "firebase/Zk3", `{"imported_id":"Zk3"}`},
		{"django", `[{"model":"auth.user","pk":7,"fields":{"username":"alice","password":"!"}}]`, "django/auth.user/7", `{"imported_id":"7"}`},
		{"auth0", `{"user_id":"auth0|6","username":"alice"}`, "auth0/auth0|6", `{"imported_id":"auth0|6"}`},
		{"gotrue", "id,email,encrypted_password\n42,a@b.example,x\n", "gotrue/42", `{"imported_id":"42"}`},
		{"kratos", `{"id":"k1","traits":{"username":"alice"}}`, "kratos/k1", `{"imported_id":"k1"}`},
	} {
		users, rejects, err := read(tt.format, tt.text, Options{})
		if err != nil || len(users) != 1 || users[0].ID != uuid.Nil || users[0].Origin != tt.origin || users[0].Claims != tt.claims {
			t.Errorf("%s %s: got %+v, %v, %v", tt.format, tt.text, users, rejects, err)
		}
	}
}

func TestWhatADatabaseWritesForNothingIsNoPassword(t *testing.T) {
	t.Parallel()
	for _, none := range []string{"NULL", `\N`, "!", "*", "!!", "", "   ", "!  "} {
		for format, text := range map[string]string{
			"authctl": "username,password_hash,email\nalice," + none + ",NULL\n",
			"gotrue":  "id,email,encrypted_password\n5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10,a@b.example," + none + "\n",
		} {
			users, rejects, err := read(format, text, Options{})
			if err != nil || len(users) != 1 || users[0].PasswordHash != "" {
				t.Errorf("%s %q: got %v, %v, %v", format, none, users, rejects, err)
			}
		}
	}
	users, _, err := read("authctl", "username,password_hash\nNULL,x\n", Options{})
	if err != nil || len(users) != 1 || users[0].Username != "NULL" {
		t.Errorf("a user called NULL: got %v, %v", users, err)
	}
}

func TestBlanksAtTheEndOfColumnsAreNoPartOfThem(t *testing.T) {
	t.Parallel()
	for format, text := range map[string]string{
		"authctl":  "username,password_hash,email,id\n\"alice   \",\"x   \",\"a@b.example  \",\"5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10    \"\n",
		"gotrue":   `{"id":"5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10  ","email":"a@b.example   ","encrypted_password":"x  "}`,
		"auth0":    `{"username":"alice  ","email":"a@b.example  ","passwordHash":"x  "}`,
		"keycloak": `{"users":[{"username":"alice  ","email":"a@b.example ","credentials":[{"type":"password","secretData":"{\"value\":\"$2x \"}","credentialData":"{\"algorithm\":\"bcrypt\"}"}]}]}`,
	} {
		users, rejects, err := read(format, text, Options{})
		if err != nil || len(users) != 1 || users[0].Email != "a@b.example" || strings.TrimSpace(users[0].PasswordHash) != users[0].PasswordHash || strings.HasSuffix(users[0].Username, " ") {
			t.Errorf("%s: got %+v, %v, %v", format, users, rejects, err)
		}
	}
}

func TestALongAddressIsNoUsernameAndLosesNobody(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 60) + "@" + strings.Repeat("b", 60) + ".example"
	for _, tt := range []struct{ format, from, text string }{
		{"authctl", "", "username\n" + long + "\n"},
		{"authctl", "", "username,email\n" + long + "," + long + "\n"},
		{"authctl", "email", "username,email\nalice," + long + "\n"},
		{"keycloak", "", `{"users":[{"id":"1","username":"` + long + `","email":"` + strings.ToUpper(long) + `","emailVerified":true}]}`},
		{"auth0", "email", `{"email":"` + long + `","email_verified":true}`},
	} {
		users, rejects, err := read(tt.format, tt.text, Options{UsernameFrom: tt.from})
		if err != nil || len(users) != 1 || users[0].Username != "" || !strings.EqualFold(users[0].Email, long) {
			t.Errorf("%s: got %+v, %v, %v", tt.text, users, rejects, err)
		}
	}
}

func TestANameWithSpacesIsTakenByItsSlug(t *testing.T) {
	t.Parallel()
	const text = "username,email\nAda Lovelace,ada@x.example\nbob,bob@x.example\n"
	users, rejects, err := read("authctl", text, Options{})
	if err != nil || len(users) != 1 || len(rejects) != 1 || !strings.Contains(rejects[0], "--username-from slug") {
		t.Errorf("got %v, %v, %v", users, rejects, err)
	}
	for from, want := range map[string][]string{"slug": {"Ada-Lovelace", "bob"}, "email": {"ada@x.example", "bob@x.example"}, "login": {"bob"}} {
		users, _, err := read("authctl", text, Options{UsernameFrom: from})
		var names []string
		for _, u := range users {
			names = append(names, u.Username)
		}
		if err != nil || !slices.Equal(names, want) {
			t.Errorf("%s: got %v, %v", from, names, err)
		}
	}
}

func TestRolesAreReadAndThoseThatCanBeNoneAreNamed(t *testing.T) {
	t.Parallel()
	const id = `"id":"5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10",`
	for _, tt := range []struct {
		format, text, roles string
		lost, unkept        []string
	}{
		{"keycloak", `{"users":[{"username":"a","realmRoles":["admin","Big Boss","admin"]}]}`, "admin", []string{`"Big Boss" of 1`}, nil},
		{"gotrue", `{` + id + `"email":"a@b.example","raw_app_meta_data":{"provider":"email","providers":["email"],"role":"editor","plan":"pro"}}`, "editor", nil, []string{"raw_app_meta_data.plan"}},
		{"gotrue", "id,email,encrypted_password,raw_app_meta_data\n5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10,a@b.example,x,\"{\"\"roles\"\": [\"\"a\"\",\"\"B\"\"]}\"\n", "a", []string{`"B" of 1`}, nil},
		{"auth0", `{"username":"a","app_metadata":{"roles":["x"],"authorization":{"roles":["y"],"groups":[]}}}`, "y x", nil, []string{"app_metadata.authorization.groups"}},
		{"firebase", `{"users":[{"localId":"1","email":"a@b.example","customAttributes":"{\"admin\":true,\"role\":\"ops\",\"plan\":\"pro\",\"beta\":false}"}]}`, "admin ops", nil,
			[]string{"customAttributes.beta", "customAttributes.plan"}},
		{"django", `[{"model":"auth.user","pk":1,"fields":{"username":"a","password":"!","groups":[["editors"],["Staff"]]}}]`, "editors", []string{`"Staff" of 1`}, nil},
		{"django", `[{"model":"auth.user","pk":1,"fields":{"username":"a","password":"!","groups":[3]}}]`, "", nil, []string{"groups"}},
	} {
		r := New(Options{})
		for row, err := range r.Read(tt.format, strings.NewReader(tt.text)) {
			if err != nil || row.Err != nil || row.User.Roles != tt.roles || !slices.Equal(r.LostRoles(), tt.lost) || !slices.Equal(r.Unkept(), tt.unkept) {
				t.Errorf("%s: got %q, %v, %v, lost %v, dropped %v", tt.text, row.User.Roles, err, row.Err, r.LostRoles(), r.Unkept())
			}
		}
	}
}

func TestAFileOfAddressesAndNoUsernamesIsRead(t *testing.T) {
	t.Parallel()
	users, rejects, err := read("authctl", "email,password_hash,email_verified_at\na@x.example,x,2026-03-01T09:00:00Z\nb@x.example,y,\n,z,\n", Options{})
	if err != nil || len(users) != 2 || users[0].Email != "a@x.example" || users[0].Unverified || !users[1].Unverified || len(rejects) != 1 {
		t.Errorf("got %+v, %v, %v", users, rejects, err)
	}
}

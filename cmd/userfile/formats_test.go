package userfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

const (
	sampleHash = "$2b$05$zUd8IctjOt.ZboCfuDcAFepPnLsyyyt750nxB12nRVyF8Yuj9uqkW"
	sampleID   = "5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10"
)

// samples maps each sample to its format, for tests of all formats.
func samples() map[string]string {
	return map[string]string{
		"keycloak.json": "keycloak", "firebase.json": "firebase", "django.json": "django", "auth0.ndjson": "auth0", "gotrue.ndjson": "gotrue", "gotrue.csv": "gotrue",
		"kratos.json": "kratos", "wordpress.csv": "wordpress", "wordpress.sql": "wordpress", "shadow": "shadow", "htpasswd": "htpasswd", "authelia.yml": "authelia",
		"better-auth.ndjson": "better-auth", "better-auth.csv": "better-auth", "clerk.csv": "clerk", "supertokens.csv": "supertokens", "supertokens.json": "supertokens",
		"zitadel.json": "zitadel", "fusionauth.json": "fusionauth", "fusionauth.csv": "fusionauth", "aspnet.csv": "aspnet", "people.ldif": "ldif",
	}
}

func sample(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheSamplesOfEachProgramAreRead compares the first user of each sample, Alice, and the names of all.
func TestTheSamplesOfEachProgramAreRead(t *testing.T) {
	t.Parallel()
	created := time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC)
	for _, tt := range []struct {
		file     string
		names    []string // of all users; * before one who is disabled, - after one without a password
		id       string   // of Alice: the UUID, or else imported_id
		verified bool
		created  bool
		roles    string
		rejects  int
		lost     []string
		unkept   []string
	}{
		{file: "wordpress.csv", names: []string{"alice"}, id: "1", created: true, roles: "administrator editor", rejects: 1},
		{file: "wordpress.sql", names: []string{"alice", "o'brien-"}, id: "1", created: true, roles: "administrator editor", unkept: []string{"display_name", "other values of wp_usermeta", "user_url"}},
		{file: "shadow", names: []string{"root-", "alice", "*bob", "carl-", "*dora"}},
		{file: "htpasswd", names: []string{"alice", "weak"}},
		{file: "authelia.yml", names: []string{"alice", "*bob"}, roles: "admins", lost: []string{`"Dev Team" of 1`}, unkept: []string{"displayname"}},
		{file: "better-auth.ndjson", names: []string{"alice@example.com", "*bob@example.com"}, id: "kW3rUe9pQzXcVbNm", verified: true, created: true, roles: "admin user",
			unkept: []string{"accounts of google", "name"}},
		{file: "better-auth.csv", names: []string{"alice"}, id: "kW3rUe9pQzXcVbNm", verified: true, created: true, roles: "admin", unkept: []string{"name"}},
		{file: "clerk.csv", names: []string{"alice", "bob@example.com"}, id: "user_2abc", verified: true, rejects: 1, unkept: []string{"first_name", "further e-mail addresses", "last_name"}},
		{file: "supertokens.csv", names: []string{"alice@example.com"}, id: sampleID, verified: true, created: true, roles: "admin editor"},
		{file: "supertokens.json", names: []string{"alice@example.com"}, id: "old-7", verified: true, created: true, roles: "admin editor", unkept: []string{"loginMethods of thirdparty", "userMetadata"}},
		{file: "zitadel.json", names: []string{"alice", "bob-"}, id: "104133391271651848", verified: true, unkept: []string{"machineUsers", "profile", "userGrants"}},
		{file: "fusionauth.json", names: []string{"alice"}, id: sampleID, verified: true, created: true, roles: "admin", rejects: 1},
		{file: "fusionauth.csv", names: []string{"alice"}, id: sampleID, verified: true, created: true},
		{file: "aspnet.csv", names: []string{"alice", "*bob"}, id: sampleID, verified: true, roles: "admin", lost: []string{`"Big Boss" of 1`}},
		{file: "people.ldif", names: []string{"alice", "*bob"}, id: sampleID, created: true, roles: "admins", unkept: []string{"further values of mail", "sn"}},
	} {
		for _, format := range []string{samples()[tt.file], Auto} {
			r := New(Options{})
			var names []string
			rejects := 0
			for row, err := range r.Read(format, strings.NewReader(sample(t, tt.file))) {
				if err != nil {
					t.Fatalf("%s: %v", tt.file, err)
				}
				if row.Err != nil {
					rejects++
					continue
				}
				u := row.User
				name := first(u.Username, u.Email)
				if !u.DisabledAt.IsZero() {
					name = "*" + name
				}
				if u.PasswordHash == "" {
					name += "-"
				}
				names = append(names, name)
				if u.ID == uuid.Nil && u.Origin == "" {
					t.Errorf("%s: %s has neither an id nor an origin", tt.file, name)
				}
				if !strings.HasPrefix(name, "alice") {
					continue
				}
				id := u.ID.String()
				if u.ID == uuid.Nil {
					id = strings.TrimSuffix(strings.TrimPrefix(u.Claims, `{"imported_id":"`), `"}`)
				}
				if id != tt.id || u.EmailVerified != tt.verified || u.Roles != tt.roles || tt.created != u.CreatedAt.Truncate(time.Second).Equal(created) {
					t.Errorf("%s: got id %s, %+v", tt.file, id, u)
				}
				if !strings.HasSuffix(u.PasswordHash, sampleHash[4:]) && !strings.HasSuffix(u.PasswordHash, sampleHash) {
					t.Errorf("%s: got the hash %s", tt.file, u.PasswordHash)
				}
			}
			if !slices.Equal(names, tt.names) || rejects != tt.rejects || !slices.Equal(r.LostRoles(), tt.lost) || tt.unkept != nil && !slices.Equal(r.Unkept(), tt.unkept) {
				t.Errorf("%s: got %v and %d rejects, lost %v, dropped %v", tt.file, names, rejects, r.LostRoles(), r.Unkept())
			}
		}
	}
}

func TestAutoTakesEachSampleForWhatItIs(t *testing.T) {
	t.Parallel()
	texts := map[string]string{}
	for file, format := range samples() {
		texts[sample(t, file)] = format
	}
	texts["username\nalice\n"] = "authctl"
	texts["email,password_hash\na@x.example,x\n"] = "authctl"
	texts[`{"username":"alice","password_hash":"x"}`+"\n"] = "authctl"
	texts["\ufeff\n"+sample(t, "clerk.csv")] = "clerk"
	texts["users:\n  alice:\n    password: x\n"] = "authelia"
	texts["dn: uid=a,dc=x\nuid: a\nuserPassword: x\n"] = "ldif"
	texts["\n# people\nalice:$2y$05$x\n"] = "htpasswd"
	// The data of a user may have names that are the sign of another program.
	texts[`{"username":"alice","password_hash":"x","claims":{"email_verified":true,"realm":"x","traits":{},"localId":"x"}}`+"\n"] = "authctl"
	texts[`{"id":"`+sampleID+`","email":"a@x.example","encrypted_password":"x","raw_user_meta_data":{"realm":"x","localId":"x"}}`] = "gotrue"
	texts[`[{"_id":{"$oid":"5f"},"email":"a@x.example","email_verified":true,"passwordHash":"x","user_metadata":{"realm":"x"}}]`] = "auth0"
	texts[`[{"id":"`+sampleID+`","traits":{"username":"ann","localId":"9","realm":"x"}}]`] = "kratos"
	for text, want := range texts {
		r := New(Options{})
		for _, err := range r.Read(Auto, strings.NewReader(text)) {
			if err != nil {
				t.Errorf("%.60q: %v", text, err)
			}
		}
		if r.Format() != want {
			t.Errorf("%.60q: taken for %s, want %s", text, r.Format(), want)
		}
	}
	for _, text := range []string{"hello", "a,b,c\n1,2,3\n", `{"a":1}`, "[]", "key: value\n", "<html>"} {
		users, rejects, err := read(Auto, text, Options{})
		if !errors.Is(err, errUnknown) || len(users)+len(rejects) > 0 {
			t.Errorf("%q: got %v, %v, %v", text, users, rejects, err)
		}
	}
}

// TestACutSampleNeverGivesOtherUsers cuts each new sample at every byte. What is read before the cut
// is what the whole file has there, except for the last user.
func TestACutSampleNeverGivesOtherUsers(t *testing.T) {
	t.Parallel()
	for file, format := range samples() {
		text := sample(t, file)
		whole, _, err := read(format, text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for n := 1; n < len(text); n += 11 {
			part, _, _ := read(format, text[:n], Options{})
			if known := max(len(part)-1, 0); len(part) > len(whole) || !slices.Equal(part[:known], whole[:known]) {
				t.Errorf("%s: the cut after %d bytes gives %v", file, n, part)
			}
		}
	}
}

func TestACutOfADumpIsTold(t *testing.T) {
	t.Parallel()
	text := sample(t, "wordpress.sql")
	for n := strings.Index(text, "INSERT INTO `wp_users`"); n < strings.Index(text, "-- Dump completed"); n += 3 {
		var broken *Broken
		if _, _, err := read("wordpress", text[:n], Options{}); !errors.As(err, &broken) || !strings.Contains(err.Error(), "it is cut off after ") {
			t.Errorf("the cut after %d bytes gives %v", n, err)
		}
	}
}

func TestRolesThatFollowTheUsersAreReadFromAFileThatCanBeReadTwice(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		sample(t, "zitadel.json"),
		`{"timeout":"10m","data_orgs":{"orgs":[{"orgId":"1","humanUsers":[{"userId":"104133391271651848","user":{"userName":"alice"}}],"userGrants":[
			{"userId":"104133391271651848","roleKeys":["admin"]},{"userId":"2","roleKeys":["x"]},7]}]}}`,
	} {
		r := New(Options{Again: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }})
		for row, err := range r.Read("zitadel", strings.NewReader(text)) {
			if err != nil || row.Err != nil || row.User.Roles != map[string]string{"alice": "admin"}[row.User.Username] {
				t.Errorf("got %+v, %v", row, err)
			}
		}
		if slices.Contains(r.Unkept(), "userGrants") {
			t.Errorf("dropped %v", r.Unkept())
		}
	}
}

func TestDumpsMayFollowOneAnother(t *testing.T) {
	t.Parallel()
	text := sample(t, "wordpress.sql")
	if users, rejects, err := read("wordpress", text+text, Options{}); err != nil || len(users) != 4 || len(rejects) > 0 {
		t.Errorf("got %v, %v, %v", users, rejects, err)
	}
	whole, _, _ := strings.Cut(text, "-- Dump completed")
	var broken *Broken
	if users, _, err := read("wordpress", text+whole, Options{}); !errors.As(err, &broken) || len(users) != 4 {
		t.Errorf("a second one that is cut off: got %v, %v", users, err)
	}
}

func TestFaultsOfTheNewFormatsAreNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ format, text, reject, fails string }{
		{"wordpress", "ID,user_login,hash\n1,a,x\n", "", `"hash" is not a column, did you mean user_pass?`},
		{"wordpress", "INSERT INTO `wp_posts` VALUES (1,'x');\n", "", "no rows of a table with the columns user_login and user_pass"},
		{"wordpress", "INSERT INTO `wp_users` (`ID`,`user_login`,`user_pass`) VALUES (1,'a');\n", "it has 2 values, and the table has 3 columns", ""},
		{"wordpress", "INSERT INTO `wp_users` (`ID`,`user_login`,`user_pass`) VALUES (1,'a','" + strings.Repeat("x", 70<<10) + "');\n", "", "64 KiB"},
		{"wordpress", "INSERT INTO `wp_users` SELECT * FROM x;\n", "", "INSERT without VALUES"},
		{"shadow", "alice:x\n", "it has 2 fields between colons, and a line of this format has 9", ""},
		{"shadow", "alice:" + sampleHash + ":19675:0:99999:7:::\nbob:x:1", "", "it is cut off in line 2"},
		{"htpasswd", "alice:realm:5f4dcc3b5aa765d61d8327deb882cf99\n", "it has 3 fields", ""},
		{"authelia", "groups: {}\n", "", "no YAML with users"},
		{"authelia", "users:\n  alice:\n    password: [1]\n", "of another type", ""},
		{"authelia", "users:\n  alice: {password: x}\n  alice: {password: y}\n", "the name is there twice", ""},
		{"authelia", "users:\n  alice:\n    password: \"x", "", "or it is cut off"},
		{"authelia", "users:\n  alice:\n    hash: x\n", "is the file of another --format?", ""},
		{"better-auth", "id,email\n1,a@x.example\n", "", "there is no column password"},
		{"better-auth", `{"user":[{"id":"1"}],"account":[]}`, "", "export them with one query"},
		{"clerk", "id,primary_email_address,password_hash\n1,a@x.example,x\n", "", "did you mean password_digest?"},
		{"supertokens", `{"users":[{"loginMethods":[{"recipeId":"emailpassword","email":"a@x.example","plainTextPassword":"geheim"}]}]}`, "the password itself", ""},
		{"supertokens", "user_id,email,password_hash\n1,a@x.example,$f_scrypt$AA==$AA==$m=14$r=8$s=Bw==\n", "--firebase-config", ""},
		{"fusionauth", `{"users":[{"id":"1","username":"a","password":"x","salt":"y"}]}`, "it has no encryptionScheme", ""},
		{"zitadel", `{"orgs":[{"humanUsers":[],"machineUsers":{}}]}`, "", `its "machineUsers" is not a list`},
		{"aspnet", "UserName,Password\na,b\n", "", "did you mean PasswordHash"},
		{"ldif", "uid: alice\n", "", "line 1 is not the beginning of an entry"},
		{"ldif", "dn: uid=a\nuid: a\nuserPassword:: %%%\n", "its userpassword is not base64", ""},
		{"ldif", "dn: uid=a\nuid: a\nuserPassword:< file:///x\n", "in another file", ""},
		{"ldif", "dn: uid=a\nchangetype: modify\nuid: a\n", "changes an entry", ""},
		{"ldif", "dn: uid=a\nuid: a\nuserPassword: x\nuserPassword: y\n", "2 passwords", ""},
		{"ldif", "dn: ou=x\nobjectClass: organizationalUnit\n", "", "none of them is a user"},
		{"ldif", "dn: uid=a\nobjectClass: person\nuid: a", "", "it is cut off in the entry of line 1"},
	} {
		_, rejects, err := read(tt.format, tt.text, Options{})
		text := strings.Join(rejects, " ")
		if err != nil {
			text += err.Error()
		}
		if (err != nil) != (tt.fails != "") || !strings.Contains(text, tt.reject+tt.fails) || strings.Contains(text, "geheim") {
			t.Errorf("%s %.80q: got %v, %v, want %s%s", tt.format, tt.text, rejects, err, tt.reject, tt.fails)
		}
	}
}

func TestPasswordsInSeveralColumnsBecomeOneText(t *testing.T) {
	t.Parallel()
	const head = "id,username,password,salt,encryption_scheme,factor\n1,a,"
	for row, want := range map[string]string{
		"AAAA,BBBB,salted-pbkdf2-hmac-sha256,24000":     "$pbkdf2-sha256$i=24000,l=3$BBBB$AAAA",
		"AAAA,BBBB,salted-pbkdf2-hmac-sha512-512,24000": "$pbkdf2-sha512$i=24000,l=3$BBBB$AAAA",
		"HASH,SALT,bcrypt,10":                           "$2a$10$SALTHASH",
		"HASH,SALT,bcrypt,4":                            "$2a$04$SALTHASH",
		",,,":                                           "",
	} {
		users, rejects, err := read("fusionauth", head+row+"\n", Options{})
		if err != nil || len(users) != 1 || users[0].PasswordHash != want {
			t.Errorf("%s: got %v, %v, %v, want %s", row, users, rejects, err, want)
		}
	}
	config := FirebaseConfig{SignerKey: "c2s=", SaltSeparator: "Bw==", Rounds: 8, MemCost: 14}
	users, rejects, err := read("supertokens", "user_id,email,password_hash\n1,a@x.example,$f_scrypt$dGFn$c2FsdA==$m=14$r=8$s=Bw==\n", Options{Firebase: config})
	if want := "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=c2s=$c2FsdA==$dGFn"; err != nil || len(users) != 1 || users[0].PasswordHash != want {
		t.Errorf("got %v, %v, %v", users, rejects, err)
	}
}

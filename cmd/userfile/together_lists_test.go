package userfile

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
)

// twice reads a text as a file that can be read twice, and returns the reader and each user's roles and hash.
func twice(t *testing.T, format, text string) (*Reader, map[string][2]string) {
	t.Helper()
	r := New(Options{Again: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }})
	return r, readUsers(t, r, format, text)
}

func readUsers(t *testing.T, r *Reader, format, text string) map[string][2]string {
	t.Helper()
	users := map[string][2]string{}
	for row, err := range r.Read(format, strings.NewReader(text)) {
		if err != nil || row.Err != nil {
			t.Fatalf("%.60s: %v, %v", text, err, row.Err)
		}
		users[first(row.User.Username, row.User.Email)] = [2]string{row.User.Roles, row.User.PasswordHash}
	}
	return users
}

const (
	dumpUsers = "INSERT INTO `site7_users` (`ID`,`user_login`,`user_pass`) VALUES (1,'alice','x'),(12,'bob','y');\n"
	dumpMetas = "INSERT INTO `site7_usermeta` VALUES (1,1,'site7_capabilities','a:3:{s:13:\"administrator\";b:1;s:6:\"editor\";b:0;s:5:\"9 \";b\";b:1;}')," +
		"(2,12,'site7_capabilities','a:0:{}'),(3,12,'site7_2_capabilities','a:1:{s:6:\"author\";b:1;}'),(4,1,'site7_user_level','10');\n"
)

func TestRolesOfADumpAreThoseOfItsOwnPrefix(t *testing.T) {
	t.Parallel()
	long := "INSERT INTO `site7_usermeta` VALUES (9,1,'session_tokens','" + strings.Repeat("x", 200<<10) + "');\n"
	other := "INSERT INTO `wp_usermeta` VALUES (1,1,'wp_capabilities','a:1:{s:5:\"boss!\";b:1;}');\n"
	for name, text := range map[string]string{
		"metadata first": long + dumpMetas + dumpUsers, "users first": dumpUsers + other + long + dumpMetas,
		"both around": other + dumpMetas + dumpUsers + other,
	} {
		r, users := twice(t, "wordpress", text)
		if users["alice"][0] != "administrator" || users["bob"][0] != "" || !slices.Equal(r.LostRoles(), []string{`"9 \";b" of 1`}) {
			t.Errorf("%s: got %v, lost %v", name, users, r.LostRoles())
		}
		if !slices.Contains(r.Unkept(), "roles at other sites of the network") || slices.Contains(r.Unkept(), "table site7_usermeta") {
			t.Errorf("%s: dropped %v", name, r.Unkept())
		}
	}
	r := New(Options{})
	if users := readUsers(t, r, "wordpress", dumpUsers+dumpMetas); users["alice"][0] != "" || !slices.Contains(r.Unkept(), "table site7_usermeta") {
		t.Errorf("roles after the users, from a pipe: got %v, dropped %v", users, r.Unkept())
	}
}

func TestASerialisedArrayIsReadInOneSpellingOnly(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`a:1:{s:6:"editor";b:1;}`: "editor", `a:2:{s:1:"a";b:1;s:1:"b";i:1;}`: "a b", `a:1:{s:1:"a";s:1:"1";}`: "a", `a:1:{s:1:"a";b:0;}`: "", `a:0:{}`: "",
		`a:1:{s:3:"ü!";b:1;}`: "ü!",
		"":                    "?", "a:": "?", "a:1:{": "?", `a:1:{s:9:"editor";b:1;}`: "?", `a:1:{s:6:"editor";b:1;}x`: "?", `a:2:{s:6:"editor";b:1;}`: "?", `s:6:"editor";`: "?",
		`a:1:{s:9223372036854775807:"a";b:1;}`: "?", `a:1:{s:-1:"a";b:1;}`: "?", `a:1:{s:1:"a";a:0:{}}`: "?", `a:99999999999999999999:{}`: "?", `a:1:{s:1:"a";N;}`: "?",
	} {
		keys, ok := phpTrueKeys(text)
		got := strings.Join(keys, " ")
		if !ok {
			got = "?"
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}

func TestBetterAuthsTablesMayBeTwoLists(t *testing.T) {
	t.Parallel()
	const users = `"user":[{"id":"u1","email":"a@x.example","emailVerified":true},{"id":"u2","email":"b@x.example","emailVerified":true},{"id":"u3","email":"c@x.example","emailVerified":true,"password":"own"}]`
	const accounts = `"account":[{"providerId":"google","userId":"u1","password":null},{"providerId":"credential","userId":"u1","password":"one"},{"provider_id":"credential","user_id":"u3","password":"three"},7]`
	for _, text := range []string{"{" + users + "," + accounts + "}", "{" + accounts + `,"session":[{}],` + users + "}"} {
		for _, format := range []string{"better-auth", Auto} {
			r, got := twice(t, format, text)
			if got["a@x.example"][1] != "one" || got["b@x.example"][1] != "" || got["c@x.example"][1] != "own" || !slices.Contains(r.Unkept(), "accounts of google") {
				t.Errorf("%s: got %v, dropped %v", text, got, r.Unkept())
			}
		}
		var broken *Broken
		if read, _, err := read("better-auth", text, Options{}); !errors.As(err, &broken) || len(read) > 0 || !strings.Contains(err.Error(), "name the file") {
			t.Errorf("from a pipe: got %v, %v", read, err)
		}
	}
}

func TestFusionAuthsFileMayHaveOneSchemeForAll(t *testing.T) {
	t.Parallel()
	const bob = `{"username":"bob","password":"HASH","salt":"SALT","encryptionScheme":"salted-pbkdf2-hmac-sha256","factor":9}`
	for text, want := range map[string]string{
		`{"encryptionScheme":"bcrypt","factor":10,"users":[{"username":"alice","password":"HASH","salt":"SALT"},` + bob + `,{"username":"carl"}]}`:                                  "$2a$10$SALTHASH",
		`{"encryptionScheme":"bcrypt","factor":10,"users":[{"username":"alice","password":"HASH","salt":"SALT","factor":7},` + bob + `,{"username":"carl"}]}`:                       "$2a$07$SALTHASH",
		`[{"encryptionScheme":"bcrypt","factor":10,"users":[` + bob + `]},{"factor":5,"encryptionScheme":"bcrypt","users":[{"username":"alice","password":"HASH","salt":"SALT"}]}]`: "$2a$05$SALTHASH",
	} {
		_, got := twice(t, "fusionauth", text)
		if got["alice"][1] != want || got["bob"][1] != "$pbkdf2-sha256$i=9,l=3$SALT$HASH" || got["carl"][1] != "" {
			t.Errorf("%s: got %v", text, got)
		}
	}
	for _, text := range []string{
		`{"users":[{"username":"alice","password":"HASH","salt":"SALT"}],"encryptionScheme":"bcrypt"}`,
		`[{"encryptionScheme":"bcrypt","users":[]},{"users":[{"username":"alice","password":"HASH","salt":"SALT"}]}]`,
	} {
		if _, rejects, err := read("fusionauth", text, Options{}); err != nil || len(rejects) != 1 || !strings.Contains(rejects[0], "none before its users") {
			t.Errorf("%s: got %v, %v", text, rejects, err)
		}
	}
}

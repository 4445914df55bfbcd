package userfile

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
)

// names returns the usernames of a file, and the final error.
func names(format, text string) (names []string, rejects []string, err error) {
	users, rejects, err := read(format, text, Options{})
	for _, u := range users {
		names = append(names, first(u.Username, u.Email))
	}
	return names, rejects, err
}

func TestFilesThatWerePutTogetherAreReadToTheEnd(t *testing.T) {
	t.Parallel()
	const a, b, c = `{"id":"1","username":"a"}`, `{"id":"2","username":"b"}`, `{"id":"3","username":"c"}`
	const ua, ub, uc = `{"user_id":"1","username":"a"}`, `{"user_id":"2","username":"b"}`, `{"user_id":"3","username":"c"}`
	for _, tt := range []struct{ format, text string }{
		{"keycloak", `{"realm":"r","users":[` + a + `]}{"realm":"r","users":[` + b + `,` + c + `]}`},
		{"keycloak", `{"realm":"r","clients":[]}` + "\n" + `{"realm":"r","users":[` + a + `,` + b + `],"clients":[{"a":[1]}]}` + "\n" + `{"users":[` + c + `]}` + "\n"},
		{"keycloak", `[{"realm":"r","users":[` + a + `]},{"realm":"s"},{"realm":"t","users":[` + b + `,` + c + `]}]`},
		{"keycloak", `[` + a + `,` + b + `][` + c + `]`},
		{"keycloak", `[` + a + `]` + "\n\n" + b + "\n" + c},
		{"keycloak", `[[` + a + `,` + b + `],[],[` + c + `]]`},
		{"keycloak", `{"users":null}{"users":[]}` + a + `{"users":[` + b + `]}[]` + c},
		{"firebase", strings.ReplaceAll(`{"users":[{"localId":"1","email":"a"}]}{"users":[{"localId":"2","email":"b"},{"localId":"3","email":"c"}]}`, "}{", "}\n{")},
		{"auth0", `[` + ua + `,` + ub + `][` + uc + `]`},
		{"auth0", ua + `[` + ub + `]` + "\n" + uc},
		{"auth0", `{"start":0,"limit":2,"users":[` + ua + `,` + ub + `],"total":3}{"start":2,"users":[` + uc + `]}`},
		{"kratos", `[{"traits":{"username":"a"}}][{"traits":{"username":"b"}}]{"traits":{"username":"c"}}`},
		{"django", `[{"model":"auth.user","pk":1,"fields":{"username":"a","password":"!"}}][{"model":"auth.group","pk":1,"fields":{}},` +
			`{"model":"auth.user","pk":2,"fields":{"username":"b","password":"!"}}]{"model":"auth.user","pk":3,"fields":{"username":"c","password":"!"}}`},
		{"authctl", `{"username":"a"}` + "\n" + `[{"username":"b"}` + "\n,\n" + `{"username":"c"}]`},
		{"authctl", `[{"username":"a"},{"username":"b"}]` + `[{"username":"c"}]`},
		{"authctl", "{\n  \"username\": \"a\"\n}\n{\n  \"username\": \"b\"\n}\n" + `{"username":"c"}`},
		{"authctl", `{"username":"a"}{"username":"b"}` + "\n" + `{"username":"c"}`},
		{"authctl", `{"username":"a"}` + "\n" + `{"username":"b"} [{"username":"c"}]`},
		{"authctl", "username,password_hash\na,\nb,\nusername,password_hash\nc,\n"},
		{"authctl", "\ufeffusername,password_hash\na,\nb,\n\ufeffusername,password_hash\nc,\n"},
		{"authctl", "username\na\nusername\nb\nc"},
	} {
		got, rejects, err := names(tt.format, tt.text)
		if err != nil || len(rejects) > 0 || !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("%s %s: got %v, %v, %v", tt.format, tt.text, got, rejects, err)
		}
	}
}

func TestAFileThatIsBrokenSaysWhere(t *testing.T) {
	t.Parallel()
	const a, b = `{"id":"1","username":"a"}`, `{"id":"2","username":"b"}`
	const fields = `{"realm":"r","users":[`
	for _, tt := range []struct {
		format, text string
		read         int
		want         string
	}{
		{"keycloak", fields + a + `,` + b, 2, "it is cut off after 2 users and 73 bytes"},
		{"keycloak", fields + a + `,{"id":"2","us`, 1, "it is cut off in user 2, after "},
		{"keycloak", fields + a + `]`, 1, "it is cut off after 1 user and 48 bytes"},
		{"keycloak", fields + a + `]}]`, 1, "it continues with something that is neither a JSON object nor a list after 1 user and 49 bytes"},
		{"keycloak", fields + a + `]},` + b, 1, "it continues with something"},
		{"keycloak", fields + a + `]} the end`, 1, "it continues with something"},
		{"keycloak", fields + a + `]} 7`, 1, "it continues with something"},
		{"keycloak", fields + a + "]}\x00\x00\x00", 1, "it continues with something"},
		{"keycloak", `{"users":{}}`, 0, `its "users" is not a list`},
		{"keycloak", `{"users":[[]]}`, 0, `list within the list`},
		{"firebase", `{"users":[{"localId":"1","email":"a"},`, 1, "it is cut off after 1 user and "},
		{"auth0", `[` + a + `,` + b, 2, "it is cut off after 2 users and 52 bytes"},
		{"auth0", a + "\n" + `{"username":`, 1, "it is cut off in user 2, after "},
		{"auth0", `[` + a + `]` + `[` + b, 2, "it is cut off after 2 users and "},
		{"auth0", `[` + a + ` ` + b + `]`, 1, "it continues with something"},
		{"kratos", `[[[[[]]]]]`, 0, "lists within lists"},
		{"kratos", `[{"traits":{"username":"a"}}`, 1, "it is cut off after 1 user and 28 bytes"},
		{"kratos", `[{"traits":{"username":"a"}},{"traits":{"use`, 1, "it is cut off in user 2, after "},
		{"django", `[{"model":"auth.user","pk":1,"fields":{"username":"a","password":"!"}},`, 1, "it is cut off"},
		{"gotrue", `{"id":"5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10","email":"a"}` + "\n{", 1, "it is cut off in user 2, after "},
		{"gotrue", "id,email,encrypted_password\n5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10,a,\"x\n", 0, "line 2 has a quote that is not closed"},
		{"authctl", `{"username":"a"}` + "\n" + `{"username":"b`, 1, "it is cut off in line 2, after 31 bytes"},
		{"authctl", `{"username":"a"}` + "\n" + `[{"username":"b"}`, 2, "it is cut off after 2 users and 34 bytes"},
		{"authctl", "username,password_hash\na,x\nb,\"y\nc,z\n", 1, "line 3 has a quote that is not closed"},
		{"authctl", "username,password_hash\na,x\nb,\"y\" z\nc,z\n", 1, "line 3 has a quote that is not closed, or closed within the field"},
		{"authctl", "username,password_hash\na,x\nb,y\"z\nc,z\n", 1, "line 3 has a quote in a field that does not begin with one"},
		{"authctl", "username,password_hash\na,x\nb,\"" + strings.Repeat("y,z\n", 100<<10), 1, "the record that begins in line 3 has more than 64 KiB: perhaps a quote is not closed"},
		{"authctl", "username,password_hash,created_at\na,x,\nb,y", 1, "it is cut off in line 3, which has 2 fields; the first line has 3"},
		{"authctl", "username,password_hash\na,x\npassword_hash,username\nx,b\n", 1, "line 3 names other columns than the first line does"},
	} {
		got, rejects, err := names(tt.format, tt.text)
		var broken *Broken
		if !errors.As(err, &broken) || !strings.Contains(err.Error(), tt.want) || len(got) != tt.read || len(rejects) > 0 {
			t.Errorf("%s %.90q: got %v, %v, %v, want %d and %s", tt.format, tt.text, got, rejects, err, tt.read, tt.want)
		}
	}
}

// TestACutOfAWholeExportIsTold cuts each sample at every byte, except between lines of NDJSON.
func TestACutOfAWholeExportIsTold(t *testing.T) {
	t.Parallel()
	for file, format := range map[string]string{"keycloak.json": "keycloak", "firebase.json": "firebase", "django.json": "django", "kratos.json": "kratos", "auth0.ndjson": "auth0", "gotrue.ndjson": "gotrue"} {
		text, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		whole := strings.TrimSpace(string(text))
		for n := 1; n < len(whole); n += 3 {
			if strings.HasSuffix(file, ".ndjson") && strings.HasSuffix(strings.TrimSpace(whole[:n]), "}}") {
				continue
			}
			if strings.HasSuffix(file, ".ndjson") && (whole[n] == '\n' || whole[n-1] == '\n') {
				continue
			}
			var broken *Broken
			if _, _, err := read(format, whole[:n], Options{}); !errors.As(err, &broken) {
				t.Errorf("%s: the cut after %d bytes gives %v", file, n, err)
			}
		}
	}
}

func TestWhatIsNoTextIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"\x1f\x8b\x08\x00rest": "compressed with gzip; gunzip -c FILE | authctl user import -", "PK\x03\x04rest": "spreadsheet",
		"\xff\xfe{\x00\"\x00": "UTF-16", "\xfe\xff\x00{": "UTF-16", "{\x00\"\x00u\x00": "not text in UTF-8", "\x28\xb5\x2f\xfd": "zstd",
		"\xfd7zXZ\x00\x00": "xz", "BZh9": "bzip2",
	} {
		for _, format := range Formats() {
			if users, rejects, err := read(format, text, Options{}); err == nil || !strings.Contains(err.Error(), want) || len(users)+len(rejects) > 0 {
				t.Errorf("%s %q: got %v, want %s", format, text, err, want)
			}
		}
	}
}

func TestAFileOfOtherObjectsOnlyIsNoFileOfUsers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"realm":"acme","users":[{"id":"1","username":"alice"}]}`,
		`[{"model":"auth.group","pk":1,"fields":{"name":"staff"}}]`,
	} {
		got, rejects, err := names("django", text)
		if err == nil || !strings.Contains(err.Error(), "none of them is a user") || len(got)+len(rejects) > 0 {
			t.Errorf("%s: got %v, %v, %v", text, got, rejects, err)
		}
	}
}

func TestARowWithACommaTooManyIsRejectedAndNotCalledCutOff(t *testing.T) {
	t.Parallel()
	const hash = "$argon2id$v=19$m=256,t=2,p=2$cEWQqugpWXpsTbWa3cYGsQ$dO1hAhNwnvORKm60+VX1iQ"
	for _, end := range []string{"", "\n"} {
		got, rejects, err := names("authctl", "username,password_hash\nalice,"+hash+end)
		if err != nil || len(got) > 0 || len(rejects) != 1 || !strings.Contains(rejects[0], "it has 4 fields, and the first line has 2; a field that has a comma must be in double quotes") {
			t.Errorf("with %q at the end: got %v, %v, %v", end, got, rejects, err)
		}
	}
}

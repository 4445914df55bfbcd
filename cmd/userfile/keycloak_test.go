package userfile

import (
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn/hashing/foreign"
)

const (
	keycloakPassword = "correct horse battery staple"
	argon2PHC        = "$argon2id$v=19$m=256,t=2,p=2$cEWQqugpWXpsTbWa3cYGsQ$dO1hAhNwnvORKm60+VX1iQ" // of argon2-cffi
)

// exported is a realm with one user with these members.
func exported(members string) string {
	return `{"realm":"acme","users":[{"id":"5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10","username":"alice",` + members + `}]}`
}

// credential is a password as Keycloak exports it.
func credential(t *testing.T, secret, data map[string]any) string {
	t.Helper()
	text := func(v any) string {
		inner, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		outer, _ := json.Marshal(string(inner))
		return string(outer)
	}
	return exported(`"credentials":[{"type":"password","secretData":` + text(secret) + `,"credentialData":` + text(data) + `}]`)
}

func TestPasswordsOfKeycloakAndItsExtensionsVerify(t *testing.T) {
	t.Parallel()
	const bcrypt = "$2b$05$zUd8IctjOt.ZboCfuDcAFepPnLsyyyt750nxB12nRVyF8Yuj9uqkW"
	salt := []byte("0123456789abcdef")
	b64 := base64.StdEncoding.EncodeToString
	of256, err := pbkdf2.Key(sha256.New, keycloakPassword, salt, 27500, 64)
	if err != nil {
		t.Fatal(err)
	}
	of1, err := pbkdf2.Key(sha1.New, keycloakPassword, salt, 20000, 64)
	if err != nil {
		t.Fatal(err)
	}
	of512, err := pbkdf2.Key(sha512.New, keycloakPassword, salt, 30000, 64)
	if err != nil {
		t.Fatal(err)
	}
	type m = map[string]any
	argon2 := m{"hashLength": []string{"16"}, "memory": []string{"256"}, "type": []string{"id"}, "version": []string{"1.3"}, "parallelism": []string{"2"}}
	for what, text := range map[string]string{
		"bcrypt as the extension writes it": credential(t, m{"value": bcrypt, "salt": "", "additionalParameters": m{}}, m{"hashIterations": -1, "algorithm": "bcrypt", "additionalParameters": m{}}),
		"bcrypt with the cost":              credential(t, m{"value": bcrypt, "salt": ""}, m{"hashIterations": 5, "algorithm": "bcrypt"}),
		"bcrypt without a salt":             credential(t, m{"value": bcrypt}, m{"algorithm": "bcrypt"}),
		"bcrypt with a salt beside":         credential(t, m{"value": bcrypt, "salt": b64([]byte(bcrypt[:29]))}, m{"hashIterations": 5, "algorithm": "bcrypt"}),
		"bcrypt $2a$":                       credential(t, m{"value": "$2a$" + bcrypt[4:]}, m{"hashIterations": 10, "algorithm": "bcrypt"}),
		"bcrypt $2y$":                       credential(t, m{"value": "$2y$" + bcrypt[4:]}, m{"hashIterations": 10, "algorithm": "bcrypt"}),
		"bcrypt in one part":                credential(t, m{"value": bcrypt[7:]}, m{"hashIterations": 5, "algorithm": "bcrypt"}),
		"bcrypt in two parts":               credential(t, m{"value": bcrypt[29:], "salt": bcrypt[7:29]}, m{"hashIterations": 5, "algorithm": "bcrypt"}),
		"bcrypt as it was in old releases":  exported(`"credentials":[{"type":"password","algorithm":"bcrypt","hashedSaltedValue":"` + bcrypt + `","hashIterations":10}]`),
		"PBKDF2 of SHA-256":                 credential(t, m{"value": b64(of256), "salt": b64(salt)}, m{"hashIterations": 27500, "algorithm": "pbkdf2-sha256"}),
		"PBKDF2 of SHA-512":                 credential(t, m{"value": b64(of512), "salt": b64(salt)}, m{"hashIterations": 30000, "algorithm": "pbkdf2-sha512"}),
		"PBKDF2 as it was in old releases": exported(fmt.Sprintf(`"credentials":[{"type":"password","algorithm":"pbkdf2-sha256","hashedSaltedValue":%q,"salt":%q,"hashIterations":27500}]`,
			b64(of256), b64(salt))),
		"PBKDF2 without an algorithm": exported(fmt.Sprintf(`"credentials":[{"type":"password","hashedSaltedValue":%q,"salt":%q,"hashIterations":20000}]`, b64(of1), b64(salt))),
		"PBKDF2 with that of an OTP":  exported(fmt.Sprintf(`"credentials":[{"type":"password","algorithm":"HmacSHA1","hashedSaltedValue":%q,"salt":%q,"hashIterations":20000}]`, b64(of1), b64(salt))),
		"Argon2 of an extension":      credential(t, m{"value": argon2PHC}, m{"hashIterations": 2, "algorithm": "argon2"}),
		"Argon2 of Keycloak": credential(t, m{"value": strings.Split(argon2PHC, "$")[5] + "==", "salt": strings.Split(argon2PHC, "$")[4] + "=="},
			m{"hashIterations": 2, "algorithm": "argon2", "additionalParameters": argon2}),
	} {
		users, rejects, err := read("keycloak", text, Options{})
		if err != nil || len(users) != 1 || len(rejects) > 0 {
			t.Errorf("%s: got %v, %v, %v", what, users, rejects, err)
			continue
		}
		h, err := foreign.Parse(users[0].PasswordHash, 64<<20)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if !verifies(h, keycloakPassword) || verifies(h, keycloakPassword+"x") {
			t.Errorf("%s: %s does not verify", what, users[0].PasswordHash)
		}
	}
}

func verifies(h foreign.Hash, password string) bool {
	return h.Verify(foreign.Password{Typed: password, NFC: password}).OK
}

func TestPasswordsOfKeycloakThatCannotBeTakenAreNamed(t *testing.T) {
	t.Parallel()
	type m = map[string]any
	for text, want := range map[string]string{
		credential(t, m{"value": "x"}, m{"algorithm": "bcrypt", "hashIterations": 10}):            "its bcrypt hash is malformed",
		credential(t, m{"value": strings.Repeat("x", 53)}, m{"algorithm": "bcrypt"}):              "its bcrypt hash is malformed",
		credential(t, m{"value": "AA==", "salt": "AA=="}, m{"algorithm": "md5"}):                  `the algorithm "md5", which cannot be verified`,
		exported(`"credentials":[{"type":"password","value":"geheim"}]`):                          "is the password itself, not a hash",
		exported(`"credentials":[{"type":"password"}]`):                                           "its credential is empty",
		exported(`"credentials":[{"type":"password","secretData":"geheim","credentialData":""}]`): "is not JSON",
	} {
		users, rejects, err := read("keycloak", text, Options{})
		if err != nil || len(users) > 0 || len(rejects) != 1 || !strings.Contains(rejects[0], want) || strings.Contains(rejects[0], "geheim") {
			t.Errorf("%s: got %v, %v, %v, want %s", text, users, rejects, err, want)
		}
	}
}

func TestServiceAccountsOfKeycloakAreSkippedAndOthersWithoutAPasswordAreNot(t *testing.T) {
	t.Parallel()
	const password = `"credentials":[{"type":"password","secretData":"{\"value\":\"$2b$05$zUd8IctjOt.ZboCfuDcAFepPnLsyyyt750nxB12nRVyF8Yuj9uqkW\"}","credentialData":"{\"algorithm\":\"bcrypt\"}"}]`
	for members, skipped := range map[string]bool{
		`"username":"service-account-web","serviceAccountClientId":"web","emailVerified":false`:   true,
		`"username":"service-account-web","credentials":[]`:                                       true,
		`"username":"service-account-web"`:                                                        true,
		`"username":"robot","serviceAccountClientId":"web"`:                                       true,
		`"username":"service-account-web",` + password:                                            false, // somebody signs in with it
		`"username":"service","credentials":[]`:                                                   false,
		`"username":"alice","federationLink":"ldap","credentials":[]`:                             false,
		`"username":"bob","credentials":[{"type":"otp","secretData":"{}","credentialData":"{}"}]`: false,
	} {
		for row, err := range New(Options{}).Read("keycloak", strings.NewReader(`{"users":[{"id":"1",`+members+`}]}`)) {
			if err != nil || row.Err != nil || row.Skipped != skipped || row.User.Username == "" {
				t.Errorf("%s: got %+v, %v", members, row, err)
			}
		}
	}
}

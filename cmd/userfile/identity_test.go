package userfile

import (
	"testing"
)

// Each sample is one user. An address that the file does not mark as confirmed is unconfirmed.
func TestAUserIsUnverifiedWhoWouldSignInByAnAddressThatTheExportDoesNotCallConfirmed(t *testing.T) {
	t.Parallel()
	const id = `"id":"5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10",`
	for _, tt := range []struct {
		format, text, field string
		name                string
		want                bool
	}{
		{"gotrue", `{` + id + `"email":"ceo@corp.example","email_confirmed_at":null}`, "", "ceo@corp.example", true},
		{"gotrue", `{` + id + `"email":"ceo@corp.example","email_confirmed_at":"2023-11-14T22:13:20Z"}`, "", "ceo@corp.example", false},
		{"gotrue", `{` + id + `"email":"ceo@corp.example"}`, "", "ceo@corp.example", true},
		{"gotrue", `{` + id + `"email":"ceo@corp.example","confirmed_at":"2023-11-14T22:13:20Z"}`, "", "ceo@corp.example", false},
		{"gotrue", `{` + id + `"email":"ceo@corp.example","email_confirmed_at":null,"confirmed_at":"2023-11-14T22:13:20Z"}`, "", "ceo@corp.example", true},
		{"gotrue", `{` + id + `"email":"ceo@corp.example","phone":"15555550100","confirmed_at":"2023-11-14T22:13:20Z"}`, "", "ceo@corp.example", true},
		{"gotrue", "id,email,encrypted_password,email_confirmed_at,confirmed_at\n5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10,ceo@corp.example,,,2023-11-14 22:13:20+00\n", "", "ceo@corp.example", true},
		{"gotrue", "id,email,encrypted_password,email_confirmed_at\n5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10,ceo@corp.example,,2023-11-14 22:13:20+00\n", "", "ceo@corp.example", false},

		{"auth0", `{"email":"ceo@corp.example","email_verified":false}`, "", "ceo@corp.example", true},
		{"auth0", `{"email":"ceo@corp.example"}`, "", "ceo@corp.example", true},
		{"auth0", `{"email":"ceo@corp.example","email_verified":true}`, "", "ceo@corp.example", false},
		{"auth0", `{"email":"ceo@corp.example","username":"eve","email_verified":false}`, "", "eve", false},
		{"auth0", `{"email":"ceo@corp.example","username":"eve","email_verified":false}`, "email", "ceo@corp.example", true},
		{"auth0", `{"email":"eve@evil.example","username":"ceo@corp.example","email_verified":true}`, "", "ceo@corp.example", true},

		{"keycloak", `{"users":[{"id":"1","username":"alice","email":"alice@corp.example","emailVerified":false}]}`, "", "alice", false},
		{"keycloak", `{"users":[{"id":"1","username":"alice","email":"ceo@corp.example","emailVerified":false}]}`, "email", "ceo@corp.example", true},
		{"keycloak", `{"users":[{"id":"1","username":"ceo@corp.example","email":"ceo@corp.example","emailVerified":false}]}`, "", "ceo@corp.example", true},
		{"keycloak", `{"users":[{"id":"1","username":"ceo@corp.example","email":"CEO@corp.example","emailVerified":true}]}`, "", "ceo@corp.example", false},
		{"keycloak", `{"users":[{"id":"1","username":"ceo@corp.example","email":"eve@evil.example","emailVerified":true}]}`, "", "ceo@corp.example", true},
		{"keycloak", `{"users":[{"id":"1","username":"ceo＠corp.example","email":"eve@evil.example","emailVerified":true}]}`, "", "ceo＠corp.example", true},
		{"keycloak", `{"users":[{"id":"1","username":"ceo@corp.example","emailVerified":true}]}`, "", "ceo@corp.example", true},

		{"firebase", `{"users":[{"localId":"1","email":"ceo@corp.example","emailVerified":false}]}`, "", "ceo@corp.example", true},
		{"firebase", `{"users":[{"localId":"1","email":"ceo@corp.example"}]}`, "", "ceo@corp.example", true},
		{"firebase", `{"users":[{"localId":"1","email":"ceo@corp.example","emailVerified":true}]}`, "", "ceo@corp.example", false},

		{"kratos", `{"traits":{"email":"ceo@corp.example"},"verifiable_addresses":[{"value":"ceo@corp.example","verified":false}]}`, "", "ceo@corp.example", true},
		{"kratos", `{"traits":{"email":"ceo@corp.example"}}`, "", "ceo@corp.example", true},
		{"kratos", `{"traits":{"email":"ceo@corp.example"},"verifiable_addresses":[{"value":"eve@evil.example","verified":true}]}`, "", "ceo@corp.example", true},
		{"kratos", `{"traits":{"email":"ceo@corp.example"},"verifiable_addresses":[{"value":"ceo@corp.example","verified":true}]}`, "", "ceo@corp.example", false},
		{"kratos", `{"traits":{"username":"alice","email":"ceo@corp.example"}}`, "", "alice", false},
		{"kratos", `{"traits":{},"credentials":{"password":{"identifiers":["ceo@corp.example"]}}}`, "", "ceo@corp.example", true},

		// These formats do not say whether an address is confirmed. Usernames are kept.
		{"django", `[{"model":"auth.user","pk":1,"fields":{"username":"ceo@corp.example","password":"!"}}]`, "", "ceo@corp.example", false},
		{"django", `[{"model":"auth.user","pk":1,"fields":{"username":"","email":"ceo@corp.example","password":"!"}}]`, "", "ceo@corp.example", true},
		{"authctl", `{"username":"ceo@corp.example"}`, "", "ceo@corp.example", false},
	} {
		users, rejects, err := read(tt.format, tt.text, Options{UsernameFrom: tt.field})
		if err != nil || len(users) != 1 {
			t.Errorf("%s %s: got %v, %v, %v", tt.format, tt.text, users, rejects, err)
			continue
		}
		if got := first(users[0].Username, users[0].Email); got != tt.name || users[0].Unverified != tt.want {
			t.Errorf("%s %s: got %q, unverified %t, want %q, %t", tt.format, tt.text, got, users[0].Unverified, tt.name, tt.want)
		}
	}
}

package userfile

import (
	"testing"
	"time"

	"github.com/authctl/authctl/authn"
)

func TestAddressesAreReadWithWhatTheExportSaysOfThem(t *testing.T) {
	t.Parallel()
	const id = `"id":"5b3f1c9e-3d2a-4a6e-9d5c-0c9a3c1f7a10",`
	confirmed := time.Date(2023, 11, 14, 22, 13, 20, 0, time.UTC)
	for _, tt := range []struct {
		format, text, from string
		want               authn.Arrival // only the fields of names and addresses
	}{
		{"gotrue", `{` + id + `"email":"ada@x.example","email_confirmed_at":"2023-11-14T22:13:20Z"}`, "",
			authn.Arrival{Email: "ada@x.example", EmailVerified: true, EmailVerifiedAt: confirmed}},
		{"gotrue", `{` + id + `"email":"ada@x.example","email_confirmed_at":"2023-11-14T22:13:20Z"}`, "email",
			authn.Arrival{Username: "ada@x.example", Email: "ada@x.example", EmailVerified: true, EmailVerifiedAt: confirmed}},
		{"gotrue", `{` + id + `"email":"ada@x.example"}`, "", authn.Arrival{Email: "ada@x.example", Unverified: true}},
		{"auth0", `{"email":"ada@x.example","username":"ada","email_verified":true}`, "",
			authn.Arrival{Username: "ada", Email: "ada@x.example", EmailVerified: true}},
		{"keycloak", `{"users":[{"id":"1","username":"ada","email":"ada@x.example","emailVerified":false}]}`, "",
			authn.Arrival{Username: "ada", Email: "ada@x.example"}},
		{"keycloak", `{"users":[{"id":"1","username":"ada","email":"Ada@X.example","emailVerified":true}]}`, "",
			authn.Arrival{Username: "ada", Email: "Ada@X.example", EmailVerified: true}},
		{"firebase", `{"users":[{"localId":"1","email":"ada@x.example","emailVerified":true}]}`, "",
			authn.Arrival{Email: "ada@x.example", EmailVerified: true}},
		{"django", `[{"model":"auth.user","pk":1,"fields":{"username":"ada","email":"ada@x.example","password":"!"}}]`, "",
			authn.Arrival{Username: "ada", Email: "ada@x.example"}},
		{"kratos", `{"traits":{"username":"ada","email":"ada@x.example"},"verifiable_addresses":[{"value":"ada@x.example","verified":true}]}`, "",
			authn.Arrival{Username: "ada", Email: "ada@x.example", EmailVerified: true}},
		{"kratos", `{"traits":{},"credentials":{"password":{"identifiers":["ada@x.example"]}},"verifiable_addresses":[{"value":"ada@x.example","verified":true}]}`, "",
			authn.Arrival{Email: "ada@x.example", EmailVerified: true}},
		{"authctl", `{"username":"ada","email":"ada@x.example","email_verified_at":"2023-11-14T22:13:20Z"}`, "",
			authn.Arrival{Username: "ada", Email: "ada@x.example", EmailVerified: true, EmailVerifiedAt: confirmed}},
		{"authctl", "username,email\nada,ada@x.example\n", "", authn.Arrival{Username: "ada", Email: "ada@x.example"}},
	} {
		users, rejects, err := read(tt.format, tt.text, Options{UsernameFrom: tt.from})
		if err != nil || len(users) != 1 {
			t.Errorf("%s %s: got %v, %v, %v", tt.format, tt.text, users, rejects, err)
			continue
		}
		u := users[0]
		got := authn.Arrival{Username: u.Username, Email: u.Email, EmailVerified: u.EmailVerified, EmailVerifiedAt: u.EmailVerifiedAt, Unverified: u.Unverified}
		if got != tt.want {
			t.Errorf("%s %s: got %+v, want %+v", tt.format, tt.text, got, tt.want)
		}
	}
}

func TestAnInstantOfVerificationNeedsAnAddress(t *testing.T) {
	t.Parallel()
	users, rejects, err := read("authctl", `{"username":"ada","email_verified_at":"2023-11-14T22:13:20Z"}`, Options{})
	if len(users) > 0 || err != nil || len(rejects) != 1 {
		t.Errorf("got %v, %v, %v", users, rejects, err)
	}
}

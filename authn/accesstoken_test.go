package authn

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/authctl/authctl/store"
)

const testSecret = "b1946ac92492d2347c6235b4d2611184a3c5d0b76f1e0f0cf3d2b8a9e7c6d5f4"

var (
	issuedAt    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	testSession = store.Session{
		ID:         uuid.MustParse("0b1c2d3e-4f50-8a61-b273-8495a6b7c8d9"),
		UserID:     uuid.MustParse("11111111-2222-4333-8444-555555555555"),
		CreatedAt:  issuedAt.Add(-time.Hour),
		ExpiresAt:  issuedAt.Add(7 * 24 * time.Hour),
		Generation: store.Generation{Installation: 3, User: 7},
	}
)

func newTestAccessTokens() *accessTokens {
	return newAccessTokens([]keySecret{newKeySecret(testSecret)}, "authctl", "", 15*time.Minute)
}

// accessTokensOf signs with a key of an algorithm.
func accessTokensOf(t testing.TB, algorithm string) *accessTokens {
	t.Helper()
	a := newTestAccessTokens()
	if algorithm == AlgorithmHS256 {
		return a
	}
	secret := newKeySecret(testSecret)
	row, err := freshKey(algorithm, secret, issuedAt)
	if err != nil {
		t.Fatal(err)
	}
	row.State = store.KeyActive
	a.ring.Store(newKeyring([]store.SigningKey{row}, []keySecret{secret}, nil))
	return a
}

// onEvery runs a test with each algorithm.
func onEvery(t *testing.T, story func(t *testing.T, a *accessTokens)) {
	t.Helper()
	for _, algorithm := range Algorithms() {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			story(t, accessTokensOf(t, algorithm))
		})
	}
}

func TestAccessTokenSaysWhatItWasIssuedFor(t *testing.T) {
	t.Parallel()
	onEvery(t, func(t *testing.T, a *accessTokens) {
		token, expires, err := a.issue(store.User{Username: "alice"}, testSession, "", issuedAt)
		if err != nil {
			t.Fatal(err)
		}
		if want := issuedAt.Add(15 * time.Minute); !expires.Equal(want) {
			t.Errorf("expires: got %s, want %s", expires, want)
		}
		got, err := a.verify(token, issuedAt.Add(14*time.Minute))
		want := accessClaims{testSession.UserID, "alice", testSession.ID, expires, testSession.Generation, "", 0, ""}
		if err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestAccessTokenIsAnOrdinaryJWTToOtherVerifiers(t *testing.T) {
	t.Parallel()
	a := newAccessTokens([]keySecret{newKeySecret(testSecret)}, "https://login.example.test", "shop", 15*time.Minute)
	token, _, err := a.issue(store.User{Username: "alice"}, testSession, "", issuedAt)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return []byte(testSecret), nil },
		jwt.WithValidMethods([]string{"HS256"}), jwt.WithIssuer("https://login.example.test"), jwt.WithAudience("shop"),
		jwt.WithSubject(testSession.UserID.String()), jwt.WithIssuedAt(), jwt.WithExpirationRequired(), jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(func() time.Time { return issuedAt }))
	if err != nil {
		t.Fatal(err)
	}
	if parsed.Header["kid"] != a.ring.Load().active.ID || parsed.Header["typ"] != "at+jwt" {
		t.Errorf("header: got %v", parsed.Header)
	}
	claims := parsed.Claims.(jwt.MapClaims)
	if len(claims) != 12 || claims["client_id"] != "shop" || claims["auth_time"] != float64(issuedAt.Add(-time.Hour).Unix()) || claims["username"] != "alice" || claims["sid"] != testSession.ID.String() || claims["user_id"] != claims["sub"] {
		t.Errorf("claims: got %v", claims)
	}
}

func TestAccessTokenNeverOutlivesItsSession(t *testing.T) {
	t.Parallel()
	session := testSession
	session.ExpiresAt = issuedAt.Add(90*time.Second + 400*time.Millisecond)
	_, expires, err := newTestAccessTokens().issue(store.User{Username: "alice"}, session, "", issuedAt)
	if want := issuedAt.Add(90 * time.Second); err != nil || !expires.Equal(want) {
		t.Errorf("got %s, %v; want %s", expires, err, want)
	}
}

func TestExpiredTokenIsToldFromABadOneOnlyWhenItsSignatureIsGood(t *testing.T) {
	t.Parallel()
	a := newTestAccessTokens()
	token, expires, err := a.issue(store.User{Username: "alice"}, testSession, "", issuedAt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.verify(token, expires); CodeOf(err) != CodeTokenExpired {
		t.Errorf("at its expiry: got %v, want %s", err, CodeTokenExpired)
	}
	forged, _, err := newAccessTokens([]keySecret{newKeySecret(strings.ToUpper(testSecret))}, "authctl", "", 15*time.Minute).issue(store.User{Username: "alice"}, testSession, "", issuedAt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.verify(forged, expires); CodeOf(err) != CodeUnauthenticated {
		t.Errorf("forged and expired: got %v, want %s", err, CodeUnauthenticated)
	}
}

func TestOneTokenHasOneSignature(t *testing.T) {
	t.Parallel()
	a := accessTokensOf(t, AlgorithmES256)
	for range 64 { // as good as surely of both kinds
		token, _, err := a.issue(store.User{Username: "alice"}, testSession, "", issuedAt)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.verify(token, issuedAt); err != nil {
			t.Fatal(err)
		}
		_, err = jwt.Parse(token, func(*jwt.Token) (any, error) { return a.ring.Load().active.public, nil }, jwt.WithoutClaimsValidation())
		if err != nil {
			t.Fatalf("to another verifier: %v", err)
		}
		if _, err := a.verify(mirrored(t, token), issuedAt); CodeOf(err) != CodeUnauthenticated {
			t.Errorf("the other signature: got %v", err)
		}
	}
}

func FuzzVerifyAccessToken(f *testing.F) {
	all := map[*accessTokens]string{}
	for _, algorithm := range Algorithms() {
		a := accessTokensOf(f, algorithm)
		token, _, err := a.issue(store.User{Username: "alice"}, testSession, "", issuedAt)
		if err != nil {
			f.Fatal(err)
		}
		all[a] = token
		f.Add(token)
		f.Add(a.ring.Load().active.headers[0] + ".")
	}
	f.Add("..")
	f.Fuzz(func(t *testing.T, s string) {
		for a, token := range all {
			if _, err := a.verify(s, issuedAt); err == nil && s != token && !signedWithTestSecret(s) {
				t.Errorf("%q was accepted", s)
			}
		}
	})
}

// signedWithTestSecret reports whether s is signed with the secret of these tests (RFC 7515, section 5.1).
// Each process of a fuzzer issues tokens of its own, which differ in their jti, and gets those of the others.
func signedWithTestSecret(s string) bool {
	end := strings.LastIndexByte(s, '.')
	mac := hmac.New(sha256.New, []byte(testSecret))
	mac.Write([]byte(s[:end]))
	return s[end+1:] == base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// BenchmarkVerifyAlgorithms compares the algorithms: with one token again and again, and with
// new tokens.
func BenchmarkVerifyAlgorithms(b *testing.B) {
	for _, algorithm := range Algorithms() {
		a := accessTokensOf(b, algorithm)
		tokens := make([]string, 1<<14)
		for i := range tokens {
			session := testSession
			session.ID = numbered(i + 1)
			var err error
			if tokens[i], _, err = a.issue(store.User{Username: "alice"}, session, "", issuedAt); err != nil {
				b.Fatal(err)
			}
			if algorithm == AlgorithmRS256 && i == 1<<9 {
				tokens = tokens[:i]
				break
			}
		}
		for name, n := range map[string]int{"again": 1, "first": len(tokens)} {
			b.Run(algorithm+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if _, err := a.verify(tokens[i%n], issuedAt); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

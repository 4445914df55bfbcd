package authn

import (
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
		ExpiresAt:  issuedAt.Add(7 * 24 * time.Hour),
		Generation: store.Generation{Installation: 3, User: 7},
	}
)

// sign makes a token with the right key and whatever header and payload.
func sign(t *testing.T, header, payload string) string {
	t.Helper()
	return signWith(t, header, payload, testSecret)
}

func newTestAccessTokens() *accessTokens {
	return newAccessTokens(testSecret, "authctl", "", 15*time.Minute)
}

func TestAccessTokenSaysWhatItWasIssuedFor(t *testing.T) {
	t.Parallel()
	a := newTestAccessTokens()
	token, expires, err := a.issue("alice", testSession, issuedAt)
	if err != nil {
		t.Fatal(err)
	}
	if want := issuedAt.Add(15 * time.Minute); !expires.Equal(want) {
		t.Errorf("expires: got %s, want %s", expires, want)
	}
	got, err := a.verify(token, issuedAt.Add(14*time.Minute))
	want := accessClaims{testSession.UserID, "alice", testSession.ID, expires, testSession.Generation}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestAccessTokenIsAnOrdinaryJWTToOtherVerifiers(t *testing.T) {
	t.Parallel()
	a := newAccessTokens(testSecret, "https://login.example.test", "shop", 15*time.Minute)
	token, _, err := a.issue("alice", testSession, issuedAt)
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
	if parsed.Header["kid"] != a.kid || parsed.Header["typ"] != "at+jwt" {
		t.Errorf("header: got %v", parsed.Header)
	}
	claims := parsed.Claims.(jwt.MapClaims)
	if len(claims) != 9 || claims["username"] != "alice" || claims["sid"] != testSession.ID.String() || claims["user_id"] != claims["sub"] {
		t.Errorf("claims: got %v", claims)
	}
}

func TestAccessTokenNeverOutlivesItsSession(t *testing.T) {
	t.Parallel()
	session := testSession
	session.ExpiresAt = issuedAt.Add(90*time.Second + 400*time.Millisecond)
	_, expires, err := newTestAccessTokens().issue("alice", session, issuedAt)
	if want := issuedAt.Add(90 * time.Second); err != nil || !expires.Equal(want) {
		t.Errorf("got %s, %v; want %s", expires, err, want)
	}
}

func TestExpiredTokenIsToldFromABadOneOnlyWhenItsSignatureIsGood(t *testing.T) {
	t.Parallel()
	a := newTestAccessTokens()
	token, expires, err := a.issue("alice", testSession, issuedAt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.verify(token, expires); CodeOf(err) != CodeTokenExpired {
		t.Errorf("at its expiry: got %v, want %s", err, CodeTokenExpired)
	}
	forged, _, err := newAccessTokens(strings.ToUpper(testSecret), "authctl", "", 15*time.Minute).issue("alice", testSession, issuedAt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.verify(forged, expires); CodeOf(err) != CodeUnauthenticated {
		t.Errorf("forged and expired: got %v, want %s", err, CodeUnauthenticated)
	}
}

func TestHostileAccessTokensAreRefused(t *testing.T) {
	t.Parallel()
	a := newTestAccessTokens()
	token, _, err := a.issue("alice", testSession, issuedAt)
	if err != nil {
		t.Fatal(err)
	}
	header := `{"alg":"HS256","kid":"` + a.kid + `","typ":"at+jwt"}`
	payload := `{"iss":"authctl","sub":"11111111-2222-4333-8444-555555555555","user_id":"11111111-2222-4333-8444-555555555555","username":"alice",` +
		`"sid":"0b1c2d3e-4f50-8a61-b273-8495a6b7c8d9","gen":[3,7],"iat":1795435200,"exp":1795436100}`
	if _, err := a.verify(sign(t, header, payload), issuedAt); err != nil {
		t.Fatalf("the honest token is refused: %v", err)
	}
	in := func(s, old, new string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("%q is not in %q", old, s)
		}
		return strings.Replace(s, old, new, 1)
	}
	unsigned := token[:strings.LastIndexByte(token, '.')+1]
	last := token[len(token)-1]
	slack := map[byte]byte{'A': 'B', 'E': 'F', 'I': 'J', 'M': 'N', 'Q': 'R', 'U': 'V', 'Y': 'Z', 'c': 'd', 'g': 'h', 'k': 'l', 'o': 'p', 's': 't', 'w': 'x', '0': '1', '4': '5', '8': '9'}[last]
	for name, hostile := range map[string]string{
		"nothing":                    "",
		"null":                       "null",
		"one part":                   "a",
		"two parts":                  unsigned[:len(unsigned)-1],
		"no signature":               unsigned,
		"four parts":                 token + ".x",
		"a million dots":             strings.Repeat(".", 1_000_000),
		"a megabyte":                 token + strings.Repeat("A", 1<<20),
		"slack bits":                 token[:len(token)-1] + string(slack),
		"padding":                    token + "=",
		"a line break":               token + "\n",
		"a space":                    " " + token,
		"alg none":                   sign(t, in(header, "HS256", "none"), payload),
		"alg noNE":                   sign(t, in(header, "HS256", "noNE"), payload),
		"alg HS384":                  sign(t, in(header, "HS256", "HS384"), payload),
		"alg twice":                  sign(t, in(header, `{`, `{"alg":"none",`), payload),
		"no kid":                     sign(t, `{"alg":"HS256","typ":"at+jwt"}`, payload),
		"another kid":                sign(t, in(header, a.kid, "../../dev/null"), payload),
		"typ JWT":                    sign(t, in(header, "at+jwt", "JWT"), payload),
		"crit":                       sign(t, in(header, `{`, `{"crit":["x"],`), payload),
		"jku":                        sign(t, in(header, `{`, `{"jku":"http://evil.test",`), payload),
		"a null payload":             sign(t, header, `null`),
		"an array":                   sign(t, header, `[]`),
		"no payload":                 sign(t, header, ``),
		"trailing data":              sign(t, header, payload+`{}`),
		"invalid UTF-8":              sign(t, header, in(payload, "authctl", "auth\xffctl")),
		"an unknown claim":           sign(t, header, in(payload, `{`, `{"role":"admin",`)),
		"exp twice":                  sign(t, header, in(payload, `{`, `{"exp":1795436100,`)),
		"EXP beside exp":             sign(t, header, in(payload, `{`, `{"EXP":1,`)),
		"no exp":                     sign(t, header, in(payload, `,"exp":1795436100`, ``)),
		"exp null":                   sign(t, header, in(payload, `1795436100`, `null`)),
		"exp as a string":            sign(t, header, in(payload, `1795436100`, `"1795436100"`)),
		"exp as a float":             sign(t, header, in(payload, `1795436100`, `1795436100.5`)),
		"exp in a year":              sign(t, header, in(payload, `1795436100`, `1826972100`)),
		"exp beyond time":            sign(t, header, in(payload, `1795436100`, `9007199254740993`)),
		"exp at the end of int64":    sign(t, header, in(payload, `1795436100`, `9223372036854775807`)),
		"exp overflowing":            sign(t, header, in(payload, `1795436100`, `1e300`)),
		"exp negative":               sign(t, header, in(payload, `1795436100`, `-1`)),
		"exp before iat":             sign(t, header, in(payload, `1795436100`, `1795435199`)),
		"no iat":                     sign(t, header, in(payload, `"iat":1795435200,`, ``)),
		"iat in the future":          sign(t, header, in(in(payload, `1795435200`, `1795435500`), `1795436100`, `1795436200`)),
		"another issuer":             sign(t, header, in(payload, `"iss":"authctl"`, `"iss":"other"`)),
		"an audience nobody set":     sign(t, header, in(payload, `{`, `{"aud":"shop",`)),
		"an audience list":           sign(t, header, in(payload, `{`, `{"aud":["shop"],`)),
		"an empty sub":               sign(t, header, in(payload, `"sub":"11111111-2222-4333-8444-555555555555"`, `"sub":""`)),
		"sub and user_id that part":  sign(t, header, in(payload, `"sub":"11111111`, `"sub":"21111111`)),
		"an sid that is no id":       sign(t, header, in(payload, `0b1c2d3e-4f50-8a61-b273-8495a6b7c8d9`, `x`)),
		"no username":                sign(t, header, in(payload, `"username":"alice",`, ``)),
		"no sid":                     sign(t, header, in(payload, `"sid":"0b1c2d3e-4f50-8a61-b273-8495a6b7c8d9",`, ``)),
		"a gen of one":               sign(t, header, in(payload, `[3,7]`, `[3]`)),
		"a gen of three":             sign(t, header, in(payload, `[3,7]`, `[3,7,9]`)),
		"a gen of null":              sign(t, header, in(payload, `[3,7]`, `[null,"x"]`)),
		"JSON serialisation":         `{"payload":"` + token + `"}`,
		"a JWE":                      "a.b.c.d.e",
		"a refresh token":            newRefreshToken().secret(),
		"signed with an empty key":   signWith(t, header, payload, ""),
		"signed with the secret + 0": signWith(t, header, payload, testSecret+"0"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := a.verify(hostile, issuedAt); CodeOf(err) != CodeUnauthenticated {
				t.Errorf("got %+v, %v; want %s", got, err, CodeUnauthenticated)
			}
		})
	}
}

func signWith(t *testing.T, header, payload, key string) string {
	t.Helper()
	b64 := base64.RawURLEncoding
	signed := b64.EncodeToString([]byte(header)) + "." + b64.EncodeToString([]byte(payload))
	signature, err := jwt.SigningMethodHS256.Sign(signed, []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + b64.EncodeToString(signature)
}

func FuzzVerifyAccessToken(f *testing.F) {
	a := newTestAccessTokens()
	token, _, err := a.issue("alice", testSession, issuedAt)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("..")
	f.Add(a.header + ".")
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := a.verify(s, issuedAt); err == nil && s != token {
			t.Errorf("%q was accepted", s)
		}
	})
}

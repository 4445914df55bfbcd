package authn

import (
	"bytes"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/authctl/authctl/store"
)

func TestHostileAccessToken(t *testing.T) {
	t.Parallel()
	onEvery(t, refusesHostileTokens)
	t.Run("audience", refusesOtherAudiences)
}

// refusesOtherAudiences: if an audience is configured, aud must be exactly that text.
func refusesOtherAudiences(t *testing.T) {
	t.Parallel()
	a := newAccessTokens([]keySecret{newKeySecret(testSecret)}, "authctl", "shop", 15*time.Minute)
	token, _, err := a.issue(store.User{Username: "alice"}, testSession, "", issuedAt)
	if err != nil {
		t.Fatal(err)
	}
	key := a.ring.Load().active
	header, payload := decode(t, strings.Split(token, ".")[0]), decode(t, strings.Split(token, ".")[1])
	for aud, good := range map[string]bool{
		`"aud":"shop",`: true, ``: false, `"aud":"",`: false, `"aud":null,`: false, `"aud":"Shop",`: false, `"aud":"shop ",`: false, `"aud":7,`: false,
		`"aud":[],`: false, `"aud":["shop"],`: false, `"aud":["x","shop"],`: false, `"aud":"x","aud":"shop",`: false, `"AUD":"shop",`: false,
	} {
		t.Run(aud, func(t *testing.T) {
			claims := strings.Replace(string(payload), `"aud":"shop",`, aud, 1)
			signed := signWith(t, string(header), claims, key.method, key.private)
			if _, err := a.verify(signed, issuedAt); (err == nil) != good {
				t.Errorf("got %v, want it accepted: %t", err, good)
			}
		})
	}
}

func decode(t *testing.T, s string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func refusesHostileTokens(t *testing.T, a *accessTokens) {
	token, _, err := a.issue(store.User{Username: "alice"}, testSession, "", issuedAt)
	if err != nil {
		t.Fatal(err)
	}
	key := a.ring.Load().active
	sign := func(header, payload string) string { return signWith(t, header, payload, key.method, key.private) }
	header := `{"alg":"` + key.Algorithm + `","kid":"` + key.ID + `","typ":"at+jwt"}`
	payload := `{"iss":"authctl","sub":"11111111-2222-4333-8444-555555555555","user_id":"11111111-2222-4333-8444-555555555555","username":"alice",` +
		`"sid":"0b1c2d3e-4f50-8a61-b273-8495a6b7c8d9","gen":[3,7],"iat":1795435200,"exp":1795436100}`
	if _, err := a.verify(sign(header, payload), issuedAt); err != nil {
		t.Fatalf("the honest token is refused: %v", err)
	}
	in := func(s, old, new string) string {
		if !strings.Contains(s, old) {
			t.Fatalf("%q is not in %q", old, s)
		}
		return strings.Replace(s, old, new, 1)
	}
	unsigned := token[:strings.LastIndexByte(token, '.')+1]
	hostile := map[string]string{
		"nothing":                   "",
		"null":                      "null",
		"undefined":                 "undefined",
		"EXP alone":                 sign(header, in(payload, `"exp"`, `"EXP"`)),
		"exp as 1e18":               sign(header, in(payload, `1795436100`, `1e18`)),
		"nbf in the future":         sign(header, in(payload, `{`, `{"nbf":1795435500,`)),
		"kid a list":                sign(in(header, `"`+key.ID+`"`, `["`+key.ID+`"]`), payload),
		"an sid of 3 kB":            sign(header, in(payload, `"sid":"`, `"sid":"`+strings.Repeat("1", 3000))),
		"five parts of base64":      token + "." + encode("x") + "." + encode("y"),
		"one part":                  "a",
		"two parts":                 unsigned[:len(unsigned)-1],
		"no signature":              unsigned,
		"four parts":                token + ".x",
		"a million dots":            strings.Repeat(".", 1_000_000),
		"a megabyte":                token + strings.Repeat("A", 1<<20),
		"slack bits":                slacken(token),
		"padding":                   token + "=",
		"a line break":              token + "\n",
		"a space":                   " " + token,
		"alg none":                  sign(in(header, key.Algorithm, "none"), payload),
		"alg noNE":                  sign(in(header, key.Algorithm, "noNE"), payload),
		"alg HS384":                 sign(in(header, key.Algorithm, "HS384"), payload),
		"alg twice":                 sign(in(header, `{`, `{"alg":"none",`), payload),
		"no kid":                    sign(`{"alg":key.Algorithm,"typ":"at+jwt"}`, payload),
		"another kid":               sign(in(header, key.ID, "../../dev/null"), payload),
		"typ jwt":                   sign(in(header, "at+jwt", "jwt"), payload),
		"crit":                      sign(in(header, `{`, `{"crit":["x"],`), payload),
		"jku":                       sign(in(header, `{`, `{"jku":"http://evil.test",`), payload),
		"a null payload":            sign(header, `null`),
		"an array":                  sign(header, `[]`),
		"no payload":                sign(header, ``),
		"trailing data":             sign(header, payload+`{}`),
		"invalid UTF-8":             sign(header, in(payload, "authctl", "auth\xffctl")),
		"a jti cut short":           sign(header, in(payload, `{`, `{"jti":"AAAAAAAAAAAAAAAAAAA",`)),
		"a jti of 3 kB":             sign(header, in(payload, `{`, `{"jti":"`+strings.Repeat("A", 3000)+`",`)),
		"a jti of another alphabet": sign(header, in(payload, `{`, `{"jti":"AAAAAAAAAAAAAAAAAAA+",`)),
		"a jti with an escape":      sign(header, in(payload, `{`, `{"jti":"\u0041AAAAAAAAAAAAAA",`)),
		"a jti of null":             sign(header, in(payload, `{`, `{"jti":null,`)),
		"a jti twice":               sign(header, in(payload, `{`, `{"jti":"AAAAAAAAAAAAAAAAAAAA","jti":"AAAAAAAAAAAAAAAAAAAA",`)),
		"an unknown claim":          sign(header, in(payload, `{`, `{"role":"admin",`)),
		"an auth_time of text":      sign(header, in(payload, `{`, `{"auth_time":"1795435200",`)),
		"exp twice":                 sign(header, in(payload, `{`, `{"exp":1795436100,`)),
		"EXP beside exp":            sign(header, in(payload, `{`, `{"EXP":1,`)),
		"no exp":                    sign(header, in(payload, `,"exp":1795436100`, ``)),
		"exp null":                  sign(header, in(payload, `1795436100`, `null`)),
		"exp as a string":           sign(header, in(payload, `1795436100`, `"1795436100"`)),
		"exp as a float":            sign(header, in(payload, `1795436100`, `1795436100.5`)),
		"exp in a year":             sign(header, in(payload, `1795436100`, `1826972100`)),
		"exp beyond time":           sign(header, in(payload, `1795436100`, `9007199254740993`)),
		"exp at the end of int64":   sign(header, in(payload, `1795436100`, `9223372036854775807`)),
		"exp overflowing":           sign(header, in(payload, `1795436100`, `1e300`)),
		"exp negative":              sign(header, in(payload, `1795436100`, `-1`)),
		"exp before iat":            sign(header, in(payload, `1795436100`, `1795435199`)),
		"no iat":                    sign(header, in(payload, `"iat":1795435200,`, ``)),
		"iat in the future":         sign(header, in(in(payload, `1795435200`, `1795435500`), `1795436100`, `1795436200`)),
		"another issuer":            sign(header, in(payload, `"iss":"authctl"`, `"iss":"other"`)),
		"an audience nobody set":    sign(header, in(payload, `{`, `{"aud":"shop",`)),
		"an audience list":          sign(header, in(payload, `{`, `{"aud":["shop"],`)),
		"an empty sub":              sign(header, in(payload, `"sub":"11111111-2222-4333-8444-555555555555"`, `"sub":""`)),
		"sub and user_id that part": sign(header, in(payload, `"sub":"11111111`, `"sub":"21111111`)),
		"an sid that is no id":      sign(header, in(payload, `0b1c2d3e-4f50-8a61-b273-8495a6b7c8d9`, `x`)),
		"no username":               sign(header, in(payload, `"username":"alice",`, ``)),
		"no sid":                    sign(header, in(payload, `"sid":"0b1c2d3e-4f50-8a61-b273-8495a6b7c8d9",`, ``)),
		"a gen of one":              sign(header, in(payload, `[3,7]`, `[3]`)),
		"a gen of three":            sign(header, in(payload, `[3,7]`, `[3,7,9]`)),
		"a gen of null":             sign(header, in(payload, `[3,7]`, `[null,"x"]`)),
		"JSON serialisation":        `{"payload":"` + token + `"}`,
		"a JWE":                     "a.b.c.d.e",
		"a refresh token":           newRefreshToken().secret(),
		"another alg and its kid":   in(token, token[:strings.IndexByte(token, '.')], encode(`{"alg":"HS512","kid":"`+key.ID+`","typ":"at+jwt"}`)),
		"alg missing":               sign(in(header, `"alg":"`+key.Algorithm+`",`, ``), payload),
		"alg a list":                sign(in(header, `"`+key.Algorithm+`"`, `["`+key.Algorithm+`"]`), payload),
		"alg empty":                 sign(in(header, key.Algorithm, ``), payload),
		"kid of SQL":                sign(in(header, key.ID, `' OR 1=1 --`), payload),
		"kid of 3 kB":               sign(in(header, key.ID, strings.Repeat("A", 3000)), payload),
		"kid a number":              sign(in(header, `"`+key.ID+`"`, `7`), payload),
		"kid with a NUL":            sign(in(header, key.ID, `\u0000`), payload),
		"typ refresh":               sign(in(header, "at+jwt", "refresh"), payload),
		"typ AT+JWT":                sign(in(header, "at+jwt", "AT+JWT"), payload),
		"iat missing, nbf there":    sign(header, in(payload, `"iat"`, `"nbf"`)),
		"claims of 100 kB":          sign(header, in(payload, "alice", strings.Repeat("a", 100_000))),
		"a sub of 3 kB":             sign(header, in(payload, `"sub":"`, `"sub":"`+strings.Repeat("1", 3000))),
		"a sub of SQL":              sign(header, in(payload, `"sub":"`, `"sub":"' OR 1=1 --`)),
		"exp zero":                  sign(header, in(payload, `1795436100`, `0`)),
		"the other alphabet":        otherAlphabet(token, func(i int) string { return sign(header, in(payload, `alice`, fmt.Sprint("alice", i))) }),
		"a nested token":            sign(in(header, `{`, `{"cty":"JWT",`), token),
		"typ missing":               sign(in(header, `,"typ":"at+jwt"`, ``), payload),
		"typ twice":                 sign(in(header, `"typ"`, `"typ":"at+jwt","typ"`), payload),
		"jwk":                       sign(in(header, `{`, `{"jwk":{"kty":"oct","k":"AA"},`), payload),
		"x5u":                       sign(in(header, `{`, `{"x5u":"http://evil.test",`), payload),
		"x5c":                       sign(in(header, `{`, `{"x5c":["AA"],`), payload),
		"b64":                       sign(in(header, `{`, `{"b64":false,"crit":["b64"],`), payload),
		"zip":                       sign(in(header, `{`, `{"zip":"DEF",`), payload),
		"the header spaced":         sign(in(header, `,`, `, `), payload),
		"a signature of nothing":    unsigned + encode(""),
		"a signature of zeros":      unsigned + encode(string(make([]byte, 64))),
		"a signature cut short":     token[:len(token)-4],
		"a signature and more":      token + "AAAA",
	}
	for i, secret := range publicSecrets(t, key) {
		for _, alg := range []string{"HS256", key.Algorithm} {
			hostile[fmt.Sprintf("HS256 with public key %d as %s", i, alg)] = signWith(t, in(header, key.Algorithm, alg), payload, jwt.SigningMethodHS256, secret)
		}
	}
	for _, algorithm := range Algorithms() {
		if other := accessTokensOf(t, algorithm).ring.Load().active; other.ID != key.ID {
			hostile["signed with a strange "+algorithm] = signWith(t, header, payload, other.method, other.private)
			hostile["alg and key "+algorithm] = signWith(t, in(header, key.Algorithm, algorithm), payload, other.method, other.private)
		}
	}
	if key.Algorithm == AlgorithmES256 {
		hostile["n - s"] = mirrored(t, token)
	}
	for name, hostile := range hostile {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := a.verify(hostile, issuedAt); CodeOf(err) != CodeUnauthenticated {
				t.Errorf("got %+v, %v; want %s", got, err, CodeUnauthenticated)
			}
		})
	}
}

// publicSecrets returns public texts that a faulty verifier might use as an HMAC secret, and
// secrets that are almost ours.
func publicSecrets(t *testing.T, key *signingKey) [][]byte {
	if key.Algorithm == AlgorithmHS256 {
		return [][]byte{{}, []byte(testSecret + "0"), []byte(strings.ToUpper(testSecret))}
	}
	j, err := newJWK(key.ID, key.Algorithm, key.public)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	pemText := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: key.Public})
	return [][]byte{{}, key.Public, pemText, bytes.TrimSpace(pemText), text, []byte(j.X), []byte(j.Modulus), []byte(testSecret)}
}

// slacken changes bits of the last character that decoders may ignore. A signature
// whose length leaves none is padded instead.
func slacken(token string) string {
	alphabet := "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	signature := token[strings.LastIndexByte(token, '.')+1:]
	if len(signature)%4 == 0 {
		return token + "="
	}
	last := strings.IndexByte(alphabet, token[len(token)-1])
	return token[:len(token)-1] + string(alphabet[last^1])
}

// otherAlphabet encodes the signature of a token in the other alphabet of base64. If the
// signature has no character that differs, it signs with another name first.
func otherAlphabet(token string, named func(int) string) string {
	for i := 0; ; i++ {
		dot := strings.LastIndexByte(token, '.')
		if other := strings.NewReplacer("-", "+", "_", "/").Replace(token[dot:]); other != token[dot:] {
			return token[:dot] + other
		}
		token = named(i)
	}
}

// mirrored is a token with the other ECDSA signature that fits it.
func mirrored(t *testing.T, token string) string {
	dot := strings.LastIndexByte(token, '.')
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil {
		t.Fatal(err)
	}
	s := new(big.Int).SetBytes(signature[32:])
	s.Sub(elliptic.P256().Params().N, s).FillBytes(signature[32:])
	return token[:dot+1] + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func signWith(t *testing.T, header, payload string, method jwt.SigningMethod, key any) string {
	t.Helper()
	signed := encode(header) + "." + encode(payload)
	signature, err := method.Sign(signed, key)
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + encode(string(signature))
}

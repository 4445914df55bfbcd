package server_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"os"
	"strings"
	"testing"
)

func libraryFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile("client/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// hashedLibraryPath is computed as docs/authctl-js.md says.
func hashedLibraryPath(t *testing.T) string {
	sum := sha256.Sum256(libraryFile(t, "authctl.js"))
	return "/authctl." + hex.EncodeToString(sum[:])[:16] + ".js"
}

func TestTheLibraryIsLessThanFourKiBCompressed(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(libraryFile(t, "authctl.js"))
	w.Close()
	if b.Len() >= 4096 {
		t.Errorf("authctl.js has %d bytes compressed, want less than 4096", b.Len())
	}
}

func TestPagesOfEveryOriginMayLoadTheLibrary(t *testing.T) {
	t.Parallel()
	const revalidated, lasting = "public, no-cache", "public, max-age=31536000, immutable"
	for name, f := range map[string]*fixture{"without CORS": start(t), "with CORS": start(t, allowing("https://good.example"))} {
		for _, c := range []struct{ path, file, contentType, kept string }{
			{"/authctl.js", "authctl.js", "text/javascript; charset=utf-8", revalidated},
			{hashedLibraryPath(t), "authctl.js", "text/javascript; charset=utf-8", lasting},
			{"/authctl.0123456789abcdef.js", "authctl.js", "text/javascript; charset=utf-8", revalidated}, // of another release
			{"/authctl.d.ts", "authctl.d.ts", "application/typescript; charset=utf-8", revalidated},
		} {
			header := map[string]string{"Origin": "https://any.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
			a := f.asGet(t, request{path: c.path, header: header}).want(t, http.StatusOK)
			for field, want := range map[string]string{
				"Content-Type": c.contentType, "Cache-Control": c.kept, "Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "",
				"Cross-Origin-Resource-Policy": "cross-origin", "X-Content-Type-Options": "nosniff",
			} {
				if got := a.header.Get(field); got != want {
					t.Errorf("%s, %s: %s is %q, want %q", name, c.path, field, got, want)
				}
			}
			header["If-None-Match"] = `"other", W/` + a.header.Get("ETag")
			f.asGet(t, request{path: c.path, header: header}).want(t, http.StatusNotModified)
			if got := f.send(request{method: "GET", path: c.path}).body; !bytes.Equal(got, libraryFile(t, c.file)) {
				t.Errorf("%s, %s: got %d bytes that are not %s", name, c.path, len(got), c.file)
			}
		}
	}
}

func TestTheLibraryIsCountedUnderOneNameWhateverTheHash(t *testing.T) {
	t.Parallel()
	f := start(t)
	f.send(request{method: "GET", path: "/authctl.0123456789abcdef.js"}).want(t, http.StatusOK)
	f.send(request{method: "GET", path: hashedLibraryPath(t)}).want(t, http.StatusOK)
	f.eventually(func() bool {
		return strings.Contains(f.metrics(t), `authctl_http_requests_total{method="GET",route="/authctl.{hash}.js",status="200"} 2`)
	})
	f.send(request{method: "GET", path: "/authctl.x/y.js"}).want(t, http.StatusNotFound)
	f.send(request{method: "GET", path: "/authctl.mjs"}).want(t, http.StatusNotFound)
}

func TestThePageOfTheLibraryNamesItsHashAndItsDigest(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/authctl-js.md")
	if err != nil {
		t.Fatal(err)
	}
	sum := sha512.Sum384(libraryFile(t, "authctl.js"))
	for _, want := range []string{hashedLibraryPath(t), "sha384-" + base64.StdEncoding.EncodeToString(sum[:])} {
		if !strings.Contains(string(page), want) {
			t.Errorf("docs/authctl-js.md does not name %s", want)
		}
	}
}

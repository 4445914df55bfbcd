package cmd_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

// TestAppsThatDoNotRefreshGetNoRefreshToken asks the proxies of docs/apps.md, before a server that says which
// cookies reached it.
func TestAppsThatDoNotRefreshGetNoRefreshToken(t *testing.T) {
	t.Parallel()
	if os.Getenv("AUTHCTL_TEST_APPS") == "" {
		t.Skip("the samples of docs/apps.md are not tested here")
	}
	for _, app := range []sample{expressApp, flaskApp} {
		t.Run(app.name, func(t *testing.T) {
			t.Parallel()
			binary, err := app.front.find()
			if err != nil {
				t.Fatal(err)
			}
			echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for _, cookie := range r.Cookies() {
					fmt.Fprint(w, cookie, " ")
				}
			}))
			t.Cleanup(echo.Close)
			front, backend := freeAddress(t), strings.TrimPrefix(echo.URL, "http://")
			names := strings.NewReplacer("https://example.com", "http://"+front, "127.0.0.1:8000", backend, app.at, backend)
			app.front.startAt(t, binary, t.TempDir(), names.Replace(printed(t, "apps.md", "file: "+app.conf)), front)
			for sent, want := range map[string]string{
				"access_token=a; refresh_token=r":         "access_token=a ",
				"refresh_token=r; access_token=a":         "access_token=a ",
				"app=1; refresh_token=r; access_token=a":  "app=1 access_token=a ",
				"refresh_token=r":                         "",
				"my_refresh_token=of-the-app; other=cart": "my_refresh_token=of-the-app other=cart ",
			} {
				request, _ := http.NewRequest("GET", "http://"+front+"/", nil) // the address is a URL
				request.Header.Set("Cookie", sent)
				answer, err := http.DefaultClient.Do(request)
				if err != nil {
					t.Fatal(err)
				}
				got, _ := io.ReadAll(answer.Body)
				answer.Body.Close()
				if string(got) != want || answer.StatusCode != http.StatusOK {
					t.Errorf("%s: %s, and %q reached the application, want %q", sent, answer.Status, got, want)
				}
			}
		})
	}
}

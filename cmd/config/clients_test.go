package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestClientsAreReadTheSameFromEverySource writes one list in each format.
func TestClientsAreReadTheSameFromEverySource(t *testing.T) {
	t.Parallel()
	want := []Client{
		{"cli", "native", []string{}},
		{"mobile:1", "native", []string{"capacitor://localhost", "http://tauri.localhost"}},
		{"web", "browser", []string{"https://shop.example.com"}},
	}
	const asJSON = `[{"id":"cli","kind":"native"},{"id":"mobile:1","kind":"native","origins":["capacitor://localhost","http://tauri.localhost"]},` +
		`{"id":"web","kind":"browser","origins":["https://shop.example.com"]}]`
	asYAML := "clients:\n- {id: cli, kind: native}\n- {ID: 'mobile:1', kind: native, origins: ['capacitor://localhost', 'http://tauri.localhost']}\n" +
		"- id: web\n  kind: browser\n  origins: [https://shop.example.com]\n"
	asTOML := "[[clients]]\nid = 'cli'\nkind = 'native'\n[[clients]]\nid = 'mobile:1'\nkind = 'native'\norigins = ['capacitor://localhost', 'http://tauri.localhost']\n" +
		"[[clients]]\nid = 'web'\nkind = 'browser'\norigins = ['https://shop.example.com']\n"
	folder := t.TempDir()
	for name, text := range map[string]string{"c.json": `{"clients":` + asJSON + `}`, "c.toml": asTOML} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	dotenv := from(t, "")
	write(t, dotenv.Dir+"/.env", "AUTHCTL_CLIENTS="+asJSON+"\n", 0o600)
	for name, src := range map[string]Sources{
		"YAML": from(t, asYAML), "environment": from(t, "clients: []", "AUTHCTL_CLIENTS="+asJSON), ".env": dotenv,
		"JSON": {File: filepath.Join(folder, "c.json"), Dir: folder}, "TOML": {File: filepath.Join(folder, "c.toml"), Dir: folder},
	} {
		cfg, err := Load(src)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(cfg.Clients, want) {
			t.Errorf("%s: got %+v", name, cfg.Clients)
		}
		shown := cfg.Show()
		i := slices.IndexFunc(shown, func(v View) bool { return v.Key == "clients" })
		if shown[i].Value != asJSON {
			t.Errorf("%s: config show has %s", name, shown[i].Value)
		}
	}
	none, err := Load(from(t, "clients: []"))
	defaults, errDefaults := Defaults()
	if err != nil || errDefaults != nil || !reflect.DeepEqual(none.Clients, defaults.Clients) {
		t.Errorf("an empty list is %#v, none is %#v: %v, %v", none.Clients, defaults.Clients, err, errDefaults)
	}
}

func TestEveryFaultOfClientsIsNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file, env string
		says      []string
	}{
		{"clients: [{id: cli, kind: service}]", "", []string{`item 1 ("cli"): kind service is no setting: a service account has a secret, which the database keeps, and is made with authctl client create`}},
		{"clients: [{idd: cli, kind: native}, {id: 5, kind: [native], origins: https://x, secret: x}, native]", "", []string{
			`item 1 has the unknown key "idd", did you mean id?`,
			"item 2 has the id 5, which is not a text", "item 2 has the kind [native], which is not a text",
			"item 2 has the origins https://x, which is not a list of texts", `item 2 has the unknown key "secret"`,
			"item 3 is no client",
		}},
		{"clients: [{kind: native}, {id: A, kind: mobile}, {id: a}, {id: a, kind: native}, {id: authctl, kind: native}, {id: " + strings.Repeat("a", 65) + ", kind: native}]", "", []string{
			`item 1 (""): needs an id`, `item 2 ("A"): the id must have 1 to 64 characters of a-z 0-9 _ . : -`, `item 2 ("A"): kind must be browser or native, not "mobile"`,
			`item 3 ("a"): needs a kind`, `item 4 ("a"): an earlier item has this id too`, `item 5 ("authctl"): the id is reserved`, `item 6 ("aaa`,
		}},
		{"clients: [{id: a, kind: native, origins: ['*', 'null', '', 'https://*.example.com', 'http://x.example', 'Capacitor://localhost', 'capacitor://localhost/', 'capacitor://', 'file://x', 'capacitor://localhost', 'capacitor://localhost']}]", "", []string{
			`the origin "*" must be https://host`, `the origin "null" must be`, `the origin "" must be`, `the origin "https://*.example.com" must be`,
			`the origin "http://x.example" must be`, `the origin "Capacitor://localhost" must be capacitor://HOST`, `the origin "capacitor://localhost/" must be capacitor://HOST`,
			`the origin "capacitor://" must be`, `the origin "file://x" must be https://host[:port]`, `the origin "capacitor://localhost" is given twice`,
		}},
		{"clients: cli", "", []string{"is not a list of clients"}},
		{"clients: ''", "", []string{"is not a list of clients"}},
		{"clients: [{id: cli, kind: native, origins: null}]", "", []string{"item 1 has the origins <nil>, which is not a list of texts"}},
		{"", "AUTHCTL_CLIENTS=cli,web", []string{"is not JSON"}},
		{"", `AUTHCTL_CLIENTS=[{"id":"a","id":"b","kind":"native"}]`, []string{"is not JSON without doubled names"}},
		{"", `AUTHCTL_CLIENTS=[{"ID":"a","kind":"native"}]`, []string{`item 1 has the unknown key "ID", did you mean id?`}},
		{"", `AUTHCTL_CLIENTS={"id":"a","kind":"native"}`, []string{"is not a list of clients"}},
	} {
		t.Run(tt.file+tt.env, func(t *testing.T) {
			t.Parallel()
			var environ []string
			if tt.env != "" {
				environ = append(environ, tt.env)
			}
			_, err := Load(from(t, tt.file, environ...))
			all, _ := errors.AsType[Faults](err)
			if len(all) != len(tt.says) {
				t.Errorf("got %d faults, want %d:\n%v", len(all), len(tt.says), err)
			}
			for _, says := range tt.says {
				if !slices.ContainsFunc(all, func(f Fault) bool {
					return f.Key == "clients" && strings.Contains(f.Why, says) && strings.Contains(f.Why, "(from ")
				}) {
					t.Errorf("%s\nis not in\n%v", says, err)
				}
			}
		})
	}
	_, err := Load(from(t, "clients: [{id: a, ID: b, kind: native}]"))
	if err == nil || !strings.Contains(err.Error(), "clients item 1 id: is given twice") {
		t.Errorf("a key twice, in another case: got %v", err)
	}
}

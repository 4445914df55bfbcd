package cmd

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/config"

	"github.com/authctl/authctl/store"
)

// oddTexts are texts of names or user agents that YAML or a terminal may interpret.
var oddTexts = []string{
	"", "alice", "true", "yes", "null", "~", "1e3", "0x10", "12:30:00", "2020-01-01", "-", "=", " x ", "a: b", "# c", "<b>&",
	"!!str x", "*a", "&a", "'", `"`, `\`, "é", "日本", "😀", "a\nb\n", "a\tb", "\x00", "\x1b[2J", "\x7f", "\u0085", "\u009b2J", "\u2028",
	"\ufeffx", "\ufffe", "\uffff",
	"a\u202eb\u2066c", "zero\u200bwidth\u200d", "a\nb\u202e", "\U0001d173", "\U000e0041", "\u00a0", "\ue000", strings.Repeat("long \u200f ", 40),
}

func printed(t *testing.T, format string, value any, rows table, ids []string) string {
	t.Helper()
	var b strings.Builder
	if err := (&output{format: format}).print(&b, value, rows, ids); err != nil {
		t.Fatalf("%s of %+v: %v", format, value, err)
	}
	return b.String()
}

func TestJSONAndYAMLSayTheSame(t *testing.T) {
	t.Parallel()
	name, now := "alice", time.Date(2026, 1, 2, 3, 4, 5, 678000, time.UTC)
	for _, value := range []any{
		[]userView{},
		[]userView{{uuid.New(), "null", now, nil, authn.PasswordNone, nil, nil, nil, 0, nil, nil, false, nil, []string{}, []byte(`{}`), ""}, {uuid.New(), "bob", now, &now, authn.PasswordDisabled, &name, &name, &now, 7, &now, &name, true, &now, []string{"admin"}, []byte(`{"a":{"b":[1.50]},"null":null}`), ""}},
		standingView{Sessions: 1, LastSignInAt: &now, Holds: []holdView{{authn.HoldDisabled, &now, nil, 0}}, Password: "secret"},
		[]sessionView{{uuid.New(), uuid.New(), "yes", now, now, now, "::1", "agent: \u009b2J\x7f"}},
		revokeAllView{Scope: "user", Usernames: []string{name}, Reason: name, Nodes: &reachedView{Missing: []missingView{{uuid.New(), name}}}},
		revokeAllView{Scope: "user", Usernames: []string{name}, Reason: name, Nodes: &reachedView{Missing: []missingView{{uuid.New(), name}}}},
		schemaView{1, 1, 1, []migrationView{{1, "00001_x.sql", &now, 1}}},
		[]config.View{{Key: "server.port", Value: "8000", Origin: "default"}},
		oddTexts,
	} {
		inJSON, inYAML := printed(t, "json", value, table{}, nil), printed(t, "yaml", value, table{}, nil)
		var want any
		if err := json.Unmarshal([]byte(inJSON), &want); err != nil {
			t.Fatal(err)
		}
		got := decodeYAML(t, inYAML)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("YAML says\n%v\nJSON\n%v", got, want)
		}
		for _, text := range []string{inJSON, inYAML} {
			if i := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && r != '\n' }); i >= 0 {
				t.Errorf("there is a hidden character at %d of %q", i, text)
			}
		}
	}
	var back []string
	if err := json.Unmarshal([]byte(printed(t, "json", oddTexts, table{}, nil)), &back); err != nil || !reflect.DeepEqual(back, oddTexts) {
		t.Errorf("JSON keeps %q, %v, want %q", back, err, oddTexts)
	}
}

// decodeYAML returns what a JSON decoder would return, so numbers are float64.
func decodeYAML(t *testing.T, text string) (value any) {
	t.Helper()
	var doc any
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	b, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestACountHasItsNounInTheRightNumber(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"1 entry": count(1, "entry"), "2 entries": count(2, "entry"), "2 keys": count(2, "key"), "1,204 sessions": count(1204, "session"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTablesAlign(t *testing.T) {
	t.Parallel()
	rows := table{[]string{"NAME", "ID"}, [][]string{{"alice", "1"}, {"b", "22"}}}
	if got := printed(t, "table", nil, rows, nil); got != "NAME   ID\nalice  1\nb      22\n" {
		t.Errorf("got %q", got)
	}
	if got := printed(t, "ids", nil, rows, []string{"1", "22"}); got != "1\n22\n" {
		t.Errorf("got %q", got)
	}
}

func TestNoTextBreaksATable(t *testing.T) {
	t.Parallel()
	for _, odd := range oddTexts {
		got := printed(t, "table", nil, table{rows: [][]string{{odd, "x"}}}, nil)
		if strings.Count(got, "\n") != 1 || strings.IndexFunc(strings.TrimSuffix(got, "\n"), func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
			t.Errorf("%q: got %q", odd, got)
		}
	}
}

func TestOutputTakesWhatIsOffered(t *testing.T) {
	t.Parallel()
	o := output{format: "table", allowed: []string{"table", "json"}}
	if err := o.Set("yaml"); err == nil || !strings.Contains(err.Error(), "table, json") || o.format != "table" {
		t.Errorf("got %v, format %s", err, o.format)
	}
	if err := o.Set("json"); err != nil || o.String() != "json" {
		t.Errorf("got %v, format %s", err, o.format)
	}
}

func TestOneLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"a": "a", "a\nb": "a; b", "a:\n\tb\n\tb\n\tc": "a: b; c"} {
		if got := oneLine(errors.New(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestTablesMarkNamesThatAreNotASCII(t *testing.T) {
	t.Parallel()
	id := uuid.New()
	for what, cells := range map[string][]string{
		"token list":  sessionCells(store.Session{Username: "аnna"}),
		"limits list": attemptsCells(attemptsView{Username: "аnna", UserID: &id}),
		"revoke-all":  {revokeAllTable(revokeAllView{Scope: "users", Usernames: []string{"anna", "аnna"}}).rows[0][0]},
	} {
		if !strings.Contains(strings.Join(cells, " "), "аnna (not ASCII)") {
			t.Errorf("%s: got %q", what, cells)
		}
	}
	if got := markedName("anna"); got != "anna" {
		t.Errorf("got %q", got)
	}
}

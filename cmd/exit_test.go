package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

func TestEveryCodeHasAnEnding(t *testing.T) {
	t.Parallel()
	all := endings()
	for _, code := range authn.Codes() {
		if end, ok := all[code]; !ok || end.exit == exitOK {
			t.Errorf("%s: got %+v", code, end)
		}
	}
	if len(all) != len(authn.Codes()) {
		t.Errorf("got %d endings for %d codes", len(all), len(authn.Codes()))
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		exit int
		says string
	}{
		{nil, 0, ""},
		{errors.New("it broke"), 1, "authctl: it broke\n"},
		{context.Canceled, 130, "authctl: interrupted\n"},
		{fmt.Errorf("list users: %w: %w", store.ErrUnavailable, context.Canceled), 130, "authctl: interrupted\n"},
		{&authn.Error{Code: authn.CodeUserNotFound, Message: `there is no user "x"`}, 4, "authctl: hint: authctl user list"},
		{&authn.Error{Code: authn.CodeUsernameTaken, Message: "taken"}, 5, "authctl: hint: authctl user show"},
		{&authn.Error{Code: authn.CodeWeakPassword, Message: "weak"}, 2, "--generate"},
		{&authn.Error{Code: "new", Message: "odd"}, 1, "authctl: odd\n"},
		{fmt.Errorf("open database: %w", store.ErrUnavailable), 6, "authctl: hint: is the database up"},
		{fmt.Errorf("read: %w", &store.SchemaError{Current: 0, Latest: 1}), 1, "authctl: hint: authctl migrate up"},
		{&store.SchemaError{Current: 2, Latest: 1}, 1, "authctl: hint: use the newer authctl"},
		{faults{{"a.b", "is wrong"}, {"c", "is worse"}}, 2, "authctl: a.b: is wrong\nauthctl: c: is worse\nauthctl: hint: "},
		{usage("try this", "no %s", "way"), 2, "authctl: no way\nauthctl: hint: try this\n"},
		{errors.New("failed:\n\tone\n\tone\n\ttwo"), 1, "authctl: failed: one; two\n"},
		{errors.New("\x1b[2Jgone\r"), 1, "authctl: \uFFFD[2Jgone"},
	} {
		var b strings.Builder
		if exit := report(&b, tt.err); exit != tt.exit {
			t.Errorf("%v: got exit code %d, want %d", tt.err, exit, tt.exit)
		}
		if !strings.Contains(b.String(), tt.says) || (tt.err == nil) != (b.Len() == 0) || strings.ContainsAny(b.String(), "\x1b\r") {
			t.Errorf("%v: got %q, want %q in it", tt.err, b.String(), tt.says)
		}
	}
}

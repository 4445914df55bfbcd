package cmd

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/authctl/authctl/cmd/config"
)

func TestAnActorIsNamedByTheOperatingSystemAndWhatIsClaimedComesAfter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		uid                   int
		login, sudo, operator string
		want                  string
	}{
		{1000, "ada", "", "", "cli:ada"},
		{65532, "", "", "", "cli:uid=65532"},
		{65532, "", "", "alice", "cli:uid=65532 as alice"},
		{1000, `CORP\ada`, "", "alice@example.com", `cli:CORP\ada as alice@example.com`},
		{0, "root", "ada", "", "cli:root (sudo by ada)"},
		{0, "root", "ada", "INC-7", "cli:root (sudo by ada) as INC-7"},
		{0, "root", "ada) as bob", "", "cli:root"},
		{1000, "root as alice", "", "", "cli:uid=1000"},
		{1000, "uid=0", "", "", "cli:uid=1000"},
		{1000, "ada\x1b[2J", "", "", "cli:uid=1000"},
		{1000, strings.Repeat("a", 65), "", "", "cli:uid=1000"},
	} {
		if got := actorName(tt.uid, tt.login, tt.sudo, tt.operator); got != tt.want {
			t.Errorf("%+v: got %q", tt, got)
		}
	}
}

func TestNoVariableChangesWhoTheOperatingSystemSaysItIs(t *testing.T) {
	t.Parallel()
	const nobodys = 3999999999
	if name := loginName(nobodys); name != "" {
		t.Errorf("uid %d is called %q", nobodys, name)
	}
	a := &app{sources: config.Sources{Environ: []string{"USER=alice", "LOGNAME=alice", "HOME=/home/alice", config.OperatorVariable + "=bob"}}}
	want := actorName(os.Geteuid(), loginName(os.Geteuid()), "", "bob")
	if got := a.actor("because"); got.Name != want || got.Reason != "because" {
		t.Errorf("got %+v, want %s", got, want)
	}
	a.as = "carol"
	if got := a.actor("").Name; !strings.HasSuffix(got, " as carol") {
		t.Errorf("--as does not win over %s: %s", config.OperatorVariable, got)
	}
}

// TestANameThatCannotBeRecordedIsRefused: the command refuses the name before it opens a
// database. Here there is none.
func TestANameThatCannotBeRecordedIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"alice as bob", "ali\nce", "\x1b[31m", "-alice", "(sudo)", "аlice", "a\u202eb", "a\x00b", strings.Repeat("a", 65), "uid=0", " ", `a"b`,
	} {
		for _, way := range []struct{ args, environ []string }{
			{[]string{"--as", name, "user", "disable", "alice"}, nil},
			{[]string{"user", "disable", "alice", "--as", name}, nil},
			{[]string{"user", "disable", "alice"}, []string{config.OperatorVariable + "=" + name}},
		} {
			var out, errs bytes.Buffer
			exit := execute(t.Context(), way.args, append(way.environ, "DATABASE_URL=sqlite:"+t.TempDir()+"/none.db"), strings.NewReader(""), &out, &errs)
			if exit != exitUsage || !strings.Contains(errs.String(), "1 to 64 of the characters") || strings.ContainsAny(errs.String(), "\x1b\x00\u202e") {
				t.Errorf("%q: got exit %d, %q", way, exit, errs.String())
			}
		}
	}
	if exit := execute(t.Context(), []string{"user", "list", "--as", ""}, nil, nil, &bytes.Buffer{}, &bytes.Buffer{}); exit != exitUsage {
		t.Errorf("an empty --as: got exit %d", exit)
	}
}

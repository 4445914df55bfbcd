package cmd_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pageHeap returns the maximum heap of the longest list, in bytes: some pages of a thousand rows,
// and garbage that Go's collector has not freed. A list of 10,000 rows that is held has more than
// half as much again.
func pageHeap() int64 {
	if soaking() || raceDetector() {
		return 24 << 20
	}
	return 12 << 20
}

// TestManyUsersAreListedInTheMemoryOfAPage lists, searches and counts 10,000 users and
// sessions, 300,000 in a soak test, with the default statement timeout. A million passed as
// well, and takes minutes more.
func TestManyUsersAreListedInTheMemoryOfAPage(t *testing.T) {
	t.Parallel()
	many := 10_000
	if soaking() {
		many = 300_000
	}
	onBothDatabases(t, func(t *testing.T, environ ...string) {
		p := newProcess("authctl", t.TempDir(), append(environ, "GODEBUG=gctrace=1")...)
		p.run(t, "migrate", "up")
		p.crowd(t, many)
		lists := []list{
			{"user list -o json", many},
			{"user list --search nobody-has-this -o ids", 0},
			{"token list", many}, // one is of a user who is disabled, one line is the header
		}
		if !soaking() {
			lists = append(lists, list{"user list", many + 1}, list{"user list -o yaml --search 00099", 111},
				list{"user list -o ids --search USER-", many}, list{"user list -o json --search 99", with99(many)},
				list{"user list --disabled -o ids", 1}, list{"token list -o json", many - 1}, list{"token list -o ids", many - 1},
				list{"token list --user user-0000005 --user user-0000006 -o ids", 2}, list{"token list --limit 3000 -o ids", 3000})
		}
		for _, l := range lists {
			got, heap := p.listed(t, strings.Fields(l.command)...)
			if got != l.want {
				t.Errorf("%s: got %d, want %d", l.command, got, l.want)
			}
			if heap > pageHeap() {
				t.Errorf("%s: has %d MiB of heap, want at most %d", l.command, heap>>20, pageHeap()>>20)
			}
		}
		p.countsMany(t, int64(many)-1)
	})
}

// list is a command and the number of rows that it prints.
type list struct {
	command string
	want    int
}

// with99 returns how many numbers below n have 99 among their seven digits.
func with99(n int) (found int) {
	for i := range n {
		if strings.Contains(fmt.Sprintf("%07d", i), "99") {
			found++
		}
	}
	return found
}

// crowd adds users with one session each, which expire in a day. One of the users is disabled.
func (p *process) crowd(t *testing.T, many int) {
	t.Helper()
	statements := []string{`
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %[1]d)
INSERT INTO users (id, username, username_folded, created_at, password_changed_at)
SELECT lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-8' || substr(hex(randomblob(2)), 2) || '-8' || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))),
    printf('user-%%07d', i), printf('user-%%07d', i), 0, 0 FROM n`, `
INSERT INTO refresh_tokens (id, user_id, token_hash, created_at, last_used_at, expires_at, absolute_expires_at, installation_generation, user_generation, remote_addr, user_agent)
SELECT substr(id, 29) || substr(id, 9, 16) || substr(id, 25, 4) || substr(id, 1, 8), id, username, 0, 0, (unixepoch() + 86400) * 1000000, (unixepoch() + 86400) * 1000000, 0, 0, '192.0.2.1', 'agent'
FROM users ORDER BY random()`, `
UPDATE users SET disabled_at = 0 WHERE username = 'user-0000007'`}
	if !p.onSQLite() {
		statements = []string{`
INSERT INTO users (id, username, username_folded, created_at, password_changed_at)
SELECT gen_random_uuid(), 'user-' || lpad(i::text, 7, '0'), 'user-' || lpad(i::text, 7, '0'), 'epoch', 'epoch' FROM generate_series(0, %[1]d - 1) AS i`, `
INSERT INTO refresh_tokens (id, user_id, token_hash, created_at, last_used_at, expires_at, absolute_expires_at, installation_generation, user_generation, remote_addr, user_agent)
SELECT gen_random_uuid(), id, username, 'epoch', 'epoch', now() + interval '1 day', now() + interval '1 day', 0, 0, '192.0.2.1', 'agent' FROM users`, `
UPDATE users SET disabled_at = 'epoch' WHERE username = 'user-0000007'`}
	}
	for _, statement := range statements {
		if strings.Contains(statement, "%[1]d") {
			statement = fmt.Sprintf(statement, many)
		}
		if err := execSQL(p.database(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// database returns the process's DATABASE_URL.
func (p *process) database() string {
	for _, v := range p.environ {
		if url, ok := strings.CutPrefix(v, "DATABASE_URL="); ok {
			return url
		}
	}
	return ""
}

// listed runs a command that prints a list. It returns the number of JSON objects or lines,
// and the maximum heap in bytes.
func (p *process) listed(t *testing.T, args ...string) (n int, heap int64) {
	t.Helper()
	printed, err := os.Create(filepath.Join(t.TempDir(), "printed"))
	if err != nil {
		t.Fatal(err)
	}
	defer printed.Close()
	var said strings.Builder
	c := p.prepare(args...)
	c.Stdout, c.Stderr = printed, &said
	if err := c.Run(); err != nil {
		t.Fatalf("authctl %s: %v: %s", strings.Join(args, " "), err, said.String())
	}
	if _, err := printed.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.Join(args, " "), "-o json") {
		return jsonObjects(t, printed), peakHeap(said.String())
	}
	yaml := strings.Contains(strings.Join(args, " "), "-o yaml")
	for lines := bufio.NewScanner(printed); lines.Scan(); {
		if !yaml || strings.HasPrefix(lines.Text(), "- ") {
			n++
		}
	}
	return n, peakHeap(said.String())
}

var collection = regexp.MustCompile(`(?m)^gc \d+ @.* (\d+)->(\d+)->\d+ MB,`)

// peakHeap returns the largest heap at the beginning or the end of a collection, as
// GODEBUG=gctrace=1 tells them, in bytes.
func peakHeap(said string) (bytes int64) {
	for _, m := range collection.FindAllStringSubmatch(said, -1) {
		for _, size := range m[1:] {
			n, _ := strconv.ParseInt(size, 10, 64) // it is digits
			bytes = max(bytes, n<<20)
		}
	}
	return bytes
}

// jsonObjects reads one array and nothing after it.
func jsonObjects(t *testing.T, r io.Reader) (n int) {
	t.Helper()
	d := json.NewDecoder(bufio.NewReader(r))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		var object struct{ Username string }
		if err := d.Decode(&object); err != nil || object.Username == "" {
			t.Fatalf("object %d: %v, %+v", n, err, object)
		}
		n++
	}
	if end, err := d.Token(); err != nil || end != json.Delim(']') {
		t.Fatalf("after %d objects: %v, %v", n, end, err)
	}
	if rest, err := d.Token(); err != io.EOF {
		t.Fatalf("after the array: %v, %v", rest, err)
	}
	return n
}

// countsMany checks the counts of a revocation: a dry run counts all sessions, and the
// question counts as many as time allows.
func (p *process) countsMany(t *testing.T, sessions int64) {
	t.Helper()
	everyone := []string{"token", "revoke-all", "--everyone", "--without-servers", "-o", "json"}
	for _, narrowed := range [][]string{nil, {"--issued-before", "1h"}} {
		var dry revoked
		heap := p.prints(t, &dry, slices.Concat(everyone, narrowed, []string{"--dry-run"})...)
		if dry.Sessions == nil || *dry.Sessions != sessions || dry.Users == nil || *dry.Users != sessions || dry.AtLeast.Sessions != sessions {
			t.Errorf("dry run %s: got %+v, want %d sessions of as many users", narrowed, dry, sessions)
		}
		if bound := pageHeap() + sessions*100; heap > bound { // users of a narrowed selection are told apart
			t.Errorf("dry run %s: has %d MiB of heap, want at most %d", narrowed, heap>>20, bound>>20)
		}
		said, exit := p.fails(t, slices.Concat(everyone, narrowed)...)
		if exit != 2 || !strings.Contains(said, "whether to end ") || !strings.Contains(said, "sessions of ") {
			t.Errorf("question %s: exit code %d: %s", narrowed, exit, said)
		}
	}
	var done revoked
	p.prints(t, &done, slices.Concat(everyone, []string{"--yes"})...)
	if done.AtLeast.Sessions > sessions || done.Sessions != nil && *done.Sessions != sessions || done.Deleted < sessions {
		t.Errorf("revoke-all: got %+v of %d sessions", done, sessions)
	}
	if left, _ := p.listed(t, "token", "list", "-o", "ids"); left != 0 {
		t.Errorf("%d sessions are left", left)
	}
}

// revoked is the JSON output of revoke-all.
type revoked struct {
	Sessions, Users *int64
	AtLeast         struct{ Sessions, Users int64 } `json:"at_least"`
	Deleted         int64
}

// prints runs a revoke-all, and returns its maximum heap in bytes.
func (p *process) prints(t *testing.T, result *revoked, args ...string) (heap int64) {
	t.Helper()
	var said strings.Builder
	c := p.prepare(args...)
	c.Stderr = &said
	printed, err := c.Output()
	if err != nil {
		t.Fatalf("authctl %s: %v: %s", strings.Join(args, " "), err, said.String())
	}
	if err := json.Unmarshal(printed, result); err != nil {
		t.Fatal(err)
	}
	return peakHeap(said.String())
}

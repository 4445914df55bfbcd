package sqlite_test

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/sqlite"
	"github.com/authctl/authctl/store/storetest"
)

// BenchmarkEndEveryone measures what ending everybody's sessions takes, and deleting
// a thousand of the rows afterwards, by the number of sessions there are.
func BenchmarkEndEveryone(b *testing.B) {
	now := time.Now()
	e := store.Event{Action: store.ActionSessionsRevoked, At: now, Actor: "cli:bench"}
	for _, n := range []int{1_000, 100_000, 1_000_000} {
		path := storetest.SQLite(b)
		fillSessions(b, path, n, now)
		s := open(b, sqlite.Config{Path: path})
		b.Run(fmt.Sprintf("sessions=%d/effect", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := s.EndSessions(b.Context(), store.Everyone(), e); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("sessions=%d/delete", n), func(b *testing.B) {
			page, deleted := store.DeadSessionPage{ExpiredBefore: now, Limit: 1000}, 0
			for b.Loop() {
				rows, next, err := s.DeleteDeadSessions(b.Context(), page)
				if err != nil {
					b.Fatal(err)
				}
				page.After, deleted = next, deleted+rows // begins anew when none are left
			}
			b.ReportMetric(float64(deleted)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func fillSessions(b *testing.B, path string, n int, now time.Time) {
	b.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	const id = `printf('00000000-0000-8000-8000-%012x', i)`
	for _, fill := range []string{`
INSERT INTO users (id, username, username_folded) SELECT ` + id + `, 'user' || i, 'user' || i FROM n WHERE i < 1000`, `
INSERT INTO refresh_tokens (id, user_id, token_hash, expires_at, absolute_expires_at, last_used_at, installation_generation, user_generation)
SELECT ` + id + `, printf('00000000-0000-8000-8000-%012x', i % 1000), 'token' || i, ?2, ?2, ?2, 0, 0 FROM n`} {
		with := `WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) `
		if _, err := db.Exec(with+fill, n, now.Add(time.Hour).UnixMicro()); err != nil {
			b.Fatal(err)
		}
	}
}

package postgres_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// TestABatchReadsTheRowsOfItsSessionsAndNoMore: whether the table is small or large, has statistics
// or none, and whether the plan is made for the values or for any. A row is read by its id, locked,
// read by its place, and updated.
func TestABatchReadsTheRowsOfItsSessionsAndNoMore(t *testing.T) {
	t.Parallel()
	sizes := []int{300, 50_000}
	if os.Getenv("AUTHCTL_TEST_SOAK") != "" {
		sizes = append(sizes, 1_000_000)
	}
	for _, size := range sizes {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			conn, err := pgx.Connect(t.Context(), storetest.Postgres(t))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			exec := func(statement string) {
				if _, err := conn.Exec(t.Context(), statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			exec(`INSERT INTO users (id, username, username_folded) SELECT gen_random_uuid(), n, n FROM generate_series(1, 1000) AS n`)
			exec(fmt.Sprintf(`
INSERT INTO refresh_tokens (id, user_id, token_hash, expires_at, absolute_expires_at, last_used_at, installation_generation, user_generation)
SELECT gen_random_uuid(), u.id, n, now() + interval '1 day', now() + interval '1 day', now(), 0, 0
FROM generate_series(1, %d) AS n JOIN users u ON u.username = (n %% 1000 + 1)::text`, size))
			const batch = 64
			var ids, hashes string
			if err := conn.QueryRow(t.Context(), `SELECT array_agg(id)::text, array_agg(token_hash)::text FROM (SELECT * FROM refresh_tokens LIMIT $1) AS t`, batch).
				Scan(&ids, &hashes); err != nil {
				t.Fatal(err)
			}
			all := func(value string) string { return "array_fill(" + value + ", ARRAY[64])" }
			execute := `EXECUTE batch ('` + ids + `', '` + hashes + `', ` + strings.Join([]string{
				`'` + strings.ReplaceAll(hashes, ",", "x,") + `'`, all(`'\x00'::bytea`), all("now()"), all("now() + interval '1 hour'"), all("1::bigint"), "NULL",
				all(`'\x00'::bytea`), all("now()"), all("now()"), "504"}, ", ") + `)`
			exec(`PREPARE batch AS ` + postgres.UpdateTokens)
			for _, analyzed := range []bool{false, true} {
				if analyzed {
					exec(`VACUUM ANALYZE`)
				}
				for _, plan := range []string{"force_generic_plan", "force_custom_plan"} {
					exec(`SET plan_cache_mode = ` + plan)
					exec(`BEGIN`)
					for table, rows := range rowsRead(t, conn, execute) {
						if rows > 3*batch {
							t.Errorf("%s, analyzed: %t: reads %v rows of %s for %d sessions", plan, analyzed, rows, table, batch)
						}
					}
					exec(`ROLLBACK`)
				}
			}
		})
	}
}

package cmd_test

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"regexp"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store/storetest"
)

// heard is the output of a process so far.
type heard struct {
	mu   sync.Mutex
	said bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.said.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.said.String()
}

// TestMigrateUpSaysWhichProcessItWaitsFor holds the lock until the command has said so, after
// five seconds, and then releases it.
func TestMigrateUpSaysWhichProcessItWaitsFor(t *testing.T) {
	t.Parallel()
	url := storetest.EmptyPostgres(t)
	holder, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(t.Context())
	schema := fnv.New32a()
	schema.Write([]byte("public"))
	if _, err := holder.Exec(t.Context(), `SELECT pg_advisory_lock($1)`, int64(1635087464)<<32|int64(schema.Sum32())); err != nil {
		t.Fatal(err)
	}
	var says heard
	up := newProcess("authctl", t.TempDir(), "DATABASE_URL="+url, "JWT_SECRET="+randomSecret()).prepare("migrate", "up")
	up.Stderr = &says
	if err := up.Start(); err != nil {
		t.Fatal(err)
	}
	waits := regexp.MustCompile(fmt.Sprintf(`authctl: waiting for 5s: the migration lock of schema public in database \w+ is held by process %d \(.*role \w+.*connected since 20`, holder.PgConn().PID()))
	eventually(t, func() bool { return waits.MatchString(says.String()) })
	if _, err := holder.Exec(t.Context(), `SELECT pg_advisory_unlock_all()`); err != nil {
		t.Fatal(err)
	}
	if err := up.Wait(); err != nil || !regexp.MustCompile(`applied migration 00001`).MatchString(says.String()) {
		t.Errorf("migrate up: %v: %s", err, &says)
	}
}

package postgres_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

const password = "hunter2secret"

func TestOpenRefusesWhatItCannotUseAndNeverRepeatsThePassword(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		cfg  postgres.Config
		says string
	}{
		{"a simple protocol", postgres.Config{URL: "postgres://u:hunter2secret@127.0.0.1:1/db?default_query_exec_mode=simple_protocol"}, "default_query_exec_mode"},
		{"a simple protocol in capitals", postgres.Config{URL: "postgres://u:hunter2secret@127.0.0.1:1/db?Default_Query_Exec_Mode=SIMPLE_PROTOCOL"}, "default_query_exec_mode"},
		{"a simple protocol in words", postgres.Config{URL: "host=127.0.0.1 port=1 password=hunter2secret default_query_exec_mode=simple_protocol"}, "default_query_exec_mode"},
		{"a simple protocol in quotes", postgres.Config{URL: "host=127.0.0.1 port=1 password='hunter2secret' default_query_exec_mode = 'simple_protocol'"}, "default_query_exec_mode"},
		{"no URL at all", postgres.Config{URL: "hunter2secret"}, "database URL"},
		{"a slash in the password", postgres.Config{URL: "postgres://u:/hunter2secret@127.0.0.1:1/db"}, "percent-encoded"},
		{"a question mark in the password", postgres.Config{URL: "postgres://u:?hunter2secret@127.0.0.1:1/db"}, "percent-encoded"},
		{"a number sign in the password", postgres.Config{URL: "postgres://u:#hunter2secret@127.0.0.1:1/db"}, "percent-encoded"},
		{"a percent sign in the password", postgres.Config{URL: "postgres://u:%hunter2secret@127.0.0.1:1/db"}, "percent-encoded"},
		{"an at sign and a bad port", postgres.Config{URL: "postgres://u:a@hunter2secret:b@127.0.0.1:x/db"}, "percent-encoded"},
		{"a missing certificate", postgres.Config{URL: "postgres://u:hunter2secret@127.0.0.1:1/db?sslmode=verify-full&sslrootcert=/nowhere"}, "cannot be read"},
		{"an unknown statement cache", postgres.Config{URL: "postgres://127.0.0.1:1/db", StatementCache: "simple"}, `"simple"`},
		{"more connections than there may be", postgres.Config{URL: "postgres://127.0.0.1:1/db", MaxConnections: 2, MinConnections: 3}, "3 to 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s, err := postgres.Open(t.Context(), tt.cfg)
			if err == nil {
				s.Close()
				t.Fatal("got a store")
			}
			if !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), password) {
				t.Errorf("got %q, want something about %s and no password", err, tt.says)
			}
			if errors.Is(err, store.ErrUnavailable) {
				t.Errorf("%q asks to be tried again", err)
			}
		})
	}
}

func TestOpenIsUnavailableWhenNobodyAnswers(t *testing.T) {
	t.Parallel()
	reachable := storetest.EmptyPostgres(t)
	for name, url := range map[string]string{
		"no server":   "postgres://u:hunter2secret@127.0.0.1:1/db?sslmode=disable",
		"no socket":   "postgres://u:hunter2secret@/db?host=/nowhere",
		"no database": strings.Replace(reachable, "/authctl_test_", "/authctl_missing_", 1),
	} {
		s, err := postgres.Open(t.Context(), postgres.Config{URL: url})
		if err == nil {
			s.Close()
			t.Errorf("%s: got a store", name)
			continue
		}
		if !errors.Is(err, store.ErrUnavailable) || strings.Contains(err.Error(), password) {
			t.Errorf("%s: got %q, want %v and no password", name, err, store.ErrUnavailable)
		}
	}
}

// TestOpenKnowsAPooler: PgBouncer refuses timeouts among the parameters of a connection.
func TestOpenKnowsAPooler(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		pooler := pgproto3.NewBackend(conn, conn)
		if _, err := pooler.ReceiveStartupMessage(); err == nil {
			pooler.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "08P01", Message: "unsupported startup parameter: lock_timeout"})
			pooler.Flush()
		}
	}()
	_, err = postgres.Open(t.Context(), postgres.Config{URL: "postgres://u@" + l.Addr().String() + "/db?sslmode=disable"})
	if err == nil || !strings.Contains(err.Error(), "behind PgBouncer") || errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want to be told of PgBouncer, once", err)
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := postgres.Open(ctx, postgres.Config{URL: "postgres://127.0.0.1:1/db"})
	if !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v and %v", err, store.ErrUnavailable, context.Canceled)
	}
}

func TestSessionsCarryTheirLimits(t *testing.T) {
	t.Parallel()
	trace := &settings{}
	url := storetest.Postgres(t)
	s := open(t, postgres.Config{URL: url, StatementTimeout: 7 * time.Second, IdleInTransactionTimeout: 9 * time.Second, Tracer: trace})
	if err := s.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"statement_timeout": "7000", "idle_in_transaction_session_timeout": "9000", "lock_timeout": "2000",
		"application_name": "authctl", "timezone": "UTC",
	}
	got := trace.seen()
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s: got %q, want %q", name, got[name], value)
		}
	}
}

func TestPlaintextToAnotherHostIsInsecure(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"postgres://u@/db?host=/run/postgresql":                                       false,
		"postgres://u@localhost/db?sslmode=disable":                                   false,
		"postgres://u@127.0.0.2/db?sslmode=disable":                                   false,
		"postgres://u@[::1]/db?sslmode=disable":                                       false,
		"postgres://u@db.example/db":                                                  true,
		"postgres://u@db.example/db?sslmode=disable":                                  true,
		"postgres://u@db.example/db?sslmode=prefer":                                   true,
		"postgres://u@db.example/db?sslmode=require":                                  true,
		"postgres://u@db.example/db?sslmode=verify-full":                              false,
		"postgres://u@localhost,db.example/db?sslmode=disable":                        true,
		"postgres://u@localhost.example/db?sslmode=disable":                           true,
		"host=db.example user=u sslmode=verify-full":                                  false,
		"host=db.example user=u":                                                      true,
		"postgres://u@127.0.0.1.nip.example/db?sslmode=disable":                       true,
		"postgres://u@db.example/db?sslmode=verify-full&host=other.example":           false,
		"postgres://u@localhost/db?sslmode=disable&host=db.example&hostaddr=10.0.0.1": true,
	} {
		got, err := postgres.Insecure(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if got != want {
			t.Errorf("%s: got %t, want %t", url, got, want)
		}
	}
	if _, err := postgres.Insecure("postgres://u:hunter2secret@h:x/db"); err == nil || strings.Contains(err.Error(), password) {
		t.Errorf("got %v, want an error without the password", err)
	}
}

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// readOnly makes new connections to a database read-only, or writable. Open connections do not
// change, as after a switchover.
func readOnly(t *testing.T, url string, on bool) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	var name string
	if err := conn.QueryRow(t.Context(), "SELECT current_database()").Scan(&name); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "SET default_transaction_read_only = off"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), fmt.Sprintf("ALTER DATABASE %s SET default_transaction_read_only = %t", name, on)); err != nil {
		t.Fatal(err)
	}
}

// TestConnectionsToAStandbyAreGivenUp: an address leads to a primary again, while connections
// to the earlier standby are still open.
func TestConnectionsToAStandbyAreGivenUp(t *testing.T) {
	t.Parallel()
	for name, find := range map[string]func(*testing.T, *postgres.Store){
		"by a write": func(t *testing.T, s *postgres.Store) {
			if err := s.RemoveOldNodes(t.Context(), at); !errors.Is(err, store.ErrReadOnly) || !errors.Is(err, store.ErrUnavailable) {
				t.Errorf("a write: got %v, want that it is read-only", err)
			}
		},
		"by a write in a transaction": func(t *testing.T, s *postgres.Store) {
			if _, err := s.ImportUsers(t.Context(), []store.ImportedUser{{}}, login); !errors.Is(err, store.ErrReadOnly) {
				t.Errorf("an import: got %v, want that it is read-only", err)
			}
		},
		"by asking": func(t *testing.T, s *postgres.Store) {
			if err := s.Writable(t.Context()); !errors.Is(err, store.ErrReadOnly) {
				t.Errorf("got %v, want that it is read-only", err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := storetest.Postgres(t)
			readOnly(t, url, true)
			s := open(t, postgres.Config{URL: url, MaxConnections: 4, MinConnections: 4})
			for s.Stats().Open < 4 { // until all connections are of before
				time.Sleep(time.Millisecond)
			}
			if err := s.Ready(t.Context()); err != nil {
				t.Errorf("reading: %v", err)
			}
			readOnly(t, url, false)
			find(t, s)
			for range 8 {
				if err := s.RemoveOldNodes(t.Context(), at); err != nil {
					t.Errorf("a write after the switchover: %v", err)
				}
				if err := s.Writable(t.Context()); err != nil {
					t.Errorf("asked after the switchover: %v", err)
				}
			}
		})
	}
}

func TestAFullDiskIsUnavailable(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s := open(t, postgres.Config{URL: url})
	p := newSomeone(t, s)
	conn, err := pgx.Connect(p.ctx, url)
	p.ok(err)
	defer conn.Close(p.ctx)
	_, err = conn.Exec(p.ctx, `
		CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
		CREATE TRIGGER full_disk BEFORE INSERT ON nodes EXECUTE FUNCTION full_disk()`)
	p.ok(err)
	if err := s.SaveNode(p.ctx, store.Node{ID: p.user.ID}); !errors.Is(err, store.ErrFull) || !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("got %v, want that the disk is full", err)
	}
	if err := s.Ready(p.ctx); err != nil {
		t.Errorf("reading: %v", err)
	}
}

// standby is a server that answers every query with "t", as a standby answers
// pg_is_in_recovery. It returns its port.
func standby(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go answerReadOnly(conn)
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func answerReadOnly(conn net.Conn) {
	defer conn.Close()
	server := pgproto3.NewBackend(conn, conn)
	if _, err := server.ReceiveStartupMessage(); err != nil {
		return
	}
	server.Send(&pgproto3.AuthenticationOk{})
	for {
		server.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if server.Flush() != nil {
			return
		}
		message, err := server.Receive()
		if _, query := message.(*pgproto3.Query); err != nil || !query {
			return
		}
		server.Send(&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("transaction_read_only"), DataTypeOID: 25}}})
		server.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("on")}})
		server.Send(&pgproto3.CommandComplete{CommandTag: []byte("SHOW")})
	}
}

// TestOfSeveralHostsThePrimaryIsTaken: it is found at any position in the URL.
func TestOfSeveralHostsThePrimaryIsTaken(t *testing.T) {
	t.Parallel()
	u, dir := onSocket(t)
	port := standby(t)
	at := func(hosts, ports, more string) string {
		return fmt.Sprintf("postgres://postgres@%s?host=%s&port=%s&sslmode=disable%s", u.Path, hosts, ports, more)
	}
	for name, url := range map[string]string{
		"first":  at(dir+",127.0.0.1", "5432,"+port, ""),
		"second": at("127.0.0.1,"+dir, port+",5432", ""),
	} {
		s := open(t, postgres.Config{URL: url})
		if err := s.Writable(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, url := range map[string]string{
		"two standbys": at("127.0.0.1,127.0.0.1", port+","+standby(t), ""),
		"asked for":    at("127.0.0.1", port, "&target_session_attrs=read-write"),
	} {
		if _, err := postgres.Open(t.Context(), postgres.Config{URL: url}); !errors.Is(err, store.ErrReadOnly) || !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: got %v, want that it is read-only", name, err)
		}
	}
}

func TestOnlySeveralHostsAreChosenFrom(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"postgres://u@a.example,b.example/db":                                 true,
		"postgres://u@a.example:5432,a.example:5433/db":                       true,
		"host=a.example,b.example user=u":                                     true,
		"postgres://u@a.example/db?sslmode=prefer":                            false,
		"postgres://u@a.example/db?host=/run/postgresql":                      false,
		"postgres://u@a.example,b.example/db?target_session_attrs=any":        false,
		"host=a.example,b.example user=u target_session_attrs=any":            false,
		"postgres://u@a.example/db?target_session_attrs=primary":              true, // asked for
		"postgres://u@a.example,b.example/db?target_session_attrs=read-write": true,
	} {
		if got, err := postgres.ChoosesHosts(url); err != nil || got != want {
			t.Errorf("%s: hosts are chosen from: %t, %v; want %t", url, got, err, want)
		}
	}
}

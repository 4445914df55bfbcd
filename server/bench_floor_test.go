package server_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// floorDB is a database without a store in front of it.
type floorDB struct {
	user   func(ctx context.Context, id uuid.UUID) (username string, created time.Time, err error)
	rotate func(ctx context.Context, s *bareSession, next string, now, expires time.Time) error
}

func openPostgresFloor(b *testing.B, url string, connections int32) floorDB {
	conf, err := pgxpool.ParseConfig(url)
	if err != nil {
		b.Fatal(err)
	}
	conf.MaxConns = connections
	pool, err := pgxpool.NewWithConfig(b.Context(), conf)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	return floorDB{
		user: func(ctx context.Context, id uuid.UUID) (username string, created time.Time, err error) {
			err = pool.QueryRow(ctx, `SELECT username, created_at FROM users WHERE id = $1`, id).Scan(&username, &created)
			return username, created, err
		},
		rotate: func(ctx context.Context, s *bareSession, next string, now, expires time.Time) error {
			var user uuid.UUID
			return pool.QueryRow(ctx, postgresRotation, s.id, s.hash, next, s.sealed, now, expires).Scan(&user)
		},
	}
}

func openSQLiteFloor(b *testing.B, path string) floorDB {
	open := func(query string, conns int) *sql.DB {
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(5000)&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)"+query)
		if err != nil {
			b.Fatal(err)
		}
		db.SetMaxOpenConns(conns)
		b.Cleanup(func() { db.Close() })
		return db
	}
	prepare := func(db *sql.DB, query string) *sql.Stmt {
		stmt, err := db.Prepare(query)
		if err != nil {
			b.Fatal(err)
		}
		return stmt
	}
	read := prepare(open("", benchClients), `SELECT username, created_at FROM users WHERE id = ?`)
	write := prepare(open("&_txlock=immediate", 1), sqliteRotation)
	return floorDB{
		user: func(ctx context.Context, id uuid.UUID) (username string, created time.Time, err error) {
			var at any
			err = read.QueryRowContext(ctx, id.String()).Scan(&username, &at)
			return username, created, err
		},
		rotate: func(ctx context.Context, s *bareSession, next string, now, expires time.Time) error {
			var user string
			return write.QueryRowContext(ctx, sqliteRotationArgs(s, next, now, expires)...).Scan(&user)
		},
	}
}

// bareClaims checks the access token of a request.
func bareClaims(r *http.Request) (claims jwt.RegisteredClaims, err error) {
	cookie, err := r.Cookie("access_token")
	if err != nil {
		return claims, err
	}
	_, err = jwt.ParseWithClaims(cookie.Value, &claims,
		func(*jwt.Token) (any, error) { return []byte(secret), nil },
		jwt.WithValidMethods([]string{"HS256"}))
	return claims, err
}

// bareProfile is the minimal handler that answers /profile.
func bareProfile(db floorDB) http.Handler {
	r := chi.NewRouter()
	r.Get("/profile", func(w http.ResponseWriter, r *http.Request) {
		claims, err := bareClaims(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		id, err := uuid.Parse(claims.Subject)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		username, created, err := db.user(r.Context(), id)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "username": username, "created_at": created})
	})
	return r
}

// bareRefresh is the minimal handler that answers /refresh/N for session N.
func bareRefresh(db floorDB, sessions []*bareSession) http.Handler {
	r := chi.NewRouter()
	r.Post("/refresh/{session}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(chi.URLParam(r, "session"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		if err := sessions[n].rotate(r.Context(), db); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{}")
	})
	return r
}

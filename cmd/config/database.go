package config

import (
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// DatabaseName returns the name of the database for messages. For SQLite it is the whole path of the
// file. For PostgreSQL it is the URL without its password, with the host and the database that
// PGHOST and similar variables give.
func (c Settings) DatabaseName() string {
	if path, ok := c.SQLitePath(); ok {
		return Absolute(path)
	}
	name := RedactURL(string(c.Database.URL.Text))
	u, err := url.Parse(name)
	if err != nil || !isPostgres(name) {
		return name
	}
	q := u.Query()
	host, database := u.Host == "" && !q.Has("host"), strings.Trim(u.Path, "/") == "" && !q.Has("dbname") && !q.Has("database")
	if !host && !database {
		return name
	}
	full, err := pgconn.ParseConfig(string(c.Database.URL.Text))
	if err != nil {
		return name
	}
	if host && filepath.IsAbs(full.Host) { // the folder of a socket
		q.Set("host", full.Host)
		u.RawQuery = q.Encode()
	} else if host {
		u.Host = net.JoinHostPort(full.Host, strconv.Itoa(int(full.Port)))
	}
	if database && full.Database != "" {
		u.Path = "/" + full.Database
	}
	return u.String()
}

// Absolute returns the whole path of a file. It returns path itself if the working folder is unknown.
func Absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// DatabaseOrigin returns the source of the database setting.
func (l *Loaded) DatabaseOrigin() string {
	if l.Origins["database.url"] == "default" {
		return "the default, because neither DATABASE_URL nor database.url is set"
	}
	return "from " + l.Origins["database.url"]
}

// SQLitePath returns the file of a SQLite URL.
func (c Settings) SQLitePath() (string, bool) {
	path, ok := strings.CutPrefix(string(c.Database.URL.Text), "sqlite:")
	if after, two := strings.CutPrefix(path, "//"); two {
		path = after
	}
	return filepath.Clean(path), ok
}

// SecretPath returns the file of the generated secret of a SQLite database.
func SecretPath(database string) string {
	return filepath.Join(filepath.Dir(database), "authctl.secret")
}

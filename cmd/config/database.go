package config

import (
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// DatabaseName is the database as people read it: the whole path of a file, or a URL without its
// password, with the host and the database that PGHOST and the like give it.
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
	if host && filepath.IsAbs(full.Host) { // a socket's folder
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

// Absolute returns the whole path of a file, as far as it can be told.
func Absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// DatabaseOrigin says where the setting of the database came from.
func (l *Loaded) DatabaseOrigin() string {
	if l.Origins["database.url"] == "default" {
		return "the default, because neither DATABASE_URL nor database.url is set"
	}
	return "from " + l.Origins["database.url"]
}

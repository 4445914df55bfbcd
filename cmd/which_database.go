package cmd

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// name says which database a command is going to change, and keeps it for the question. A server
// says so itself.
func (a *app) name(inst *instance, o opening) {
	a.database = inst.where()
	if !o.serves {
		a.say("database %s", a.database)
	}
}

// inDatabase adds the database that is changed to what is done there.
func (a *app) inDatabase(what string) string {
	if a.database == "" || strings.Contains(what, a.database) {
		return what
	}
	return what + " in " + a.database
}

// where names the database for people.
func (i *instance) where() string { return i.cfg.databaseName() }

// databaseName is the database as people read it: the whole path of a file, or a URL without its
// password, with the host and the database that PGHOST and the like give it.
func (c config) databaseName() string {
	if path, ok := c.sqlitePath(); ok {
		return absolute(path)
	}
	name := redactURL(string(c.Database.URL))
	u, err := url.Parse(name)
	if err != nil || !isPostgres(name) {
		return name
	}
	q := u.Query()
	host, database := u.Host == "" && !q.Has("host"), strings.Trim(u.Path, "/") == "" && !q.Has("dbname") && !q.Has("database")
	if !host && !database {
		return name
	}
	full, err := pgconn.ParseConfig(string(c.Database.URL))
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

// absolute returns the whole path of a file, as far as it can be told.
func absolute(path string) string {
	if whole, err := filepath.Abs(path); err == nil {
		return whole
	}
	return path
}

// databaseOrigin says where the setting of the database came from.
func (l *loaded) databaseOrigin() string {
	if l.origins["database.url"] == "default" {
		return "the default, because neither DATABASE_URL nor database.url is set"
	}
	return "from " + l.origins["database.url"]
}

// noDatabase refuses a SQLite database that is not there.
func noDatabase(inst *instance, format string, args ...any) error {
	return &problem{exitUnreachable, fmt.Errorf("%s (%s); nothing was made", fmt.Sprintf(format, args...), inst.cfg.databaseOrigin()),
		"set DATABASE_URL or database.url to the database that the servers use; for a new one, authctl serve makes it, and so does authctl migrate up"}
}

// noSecret refuses to go on without the secret of an installation that keeps its own.
func noSecret(inst *instance) error {
	return &problem{exitUsage, fmt.Errorf("there is no secret %s for the database %s, and jwt.secret is not set; nothing was made", absolute(inst.secretFile), inst.where()),
		"set JWT_SECRET or jwt.secret to the one that the servers use; for a new installation authctl serve makes it"}
}

package cmd

import (
	"strings"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/store"
)

// opening says what a command needs of [app.open].
type opening struct {
	create   bool // make a SQLite file, or a secret, that is missing
	reads    bool // nothing is changed, so the database needs no naming
	patient  bool // database.connect_timeout is waited for, and not a moment
	signs    bool // the secret is needed, to issue and check tokens
	verifies bool // the secret is of use, if there is one
	hashes   bool // passwords are hashed, or hashes looked at
	serves   bool // requests, which have a time limit each
	restores bool // a restore that was begun is no surprise
	migrate  migration
	separate string // schema of PostgreSQL that may have an installation beside another's; "" for none
}

// wants reports whether a secret is needed that may be kept elsewhere. What must end sessions
// shall not depend on a Vault that is away.
func (o opening) wants(key string) bool {
	switch section, _, _ := strings.Cut(key, "."); section {
	case "jwt":
		return o.signs || o.verifies
	case "password":
		return o.hashes
	default:
		return true
	}
}

// migration is what happens to a schema that is behind.
type migration int

const (
	migrateSQLite migration = iota // applied on SQLite, refused on PostgreSQL
	migrateAlways                  // applied
	migrateNever                   // left as it is; the schema is not looked at
)

// instance is an opened installation.
type instance struct {
	cfg        config.Loaded
	store      store.Store
	authn      *authn.Service
	secret     string // jwt.secret, or the one that was made
	noSecret   bool   // secret is a random one, because none is known
	secretFile string // where a secret was made just now, or is kept; "" when it is configured
	created    string // the SQLite file that was made just now, or ""
}

func (i *instance) close() {
	if i.authn != nil {
		i.authn.Close()
	}
	if i.store != nil {
		i.store.Close()
	}
}

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
	reads    bool // the command changes nothing, so that no message names the database
	patient  bool // wait for database.connect_timeout, instead of a moment
	signs    bool // the secret is needed, to issue and check tokens
	verifies bool // use the secret, if there is one
	hashes   bool // the command hashes passwords, or reads hashes
	serves   bool // the command serves requests, each with a time limit
	mails    bool // the command itself sends mail
	restores bool // a restore may have begun
	migrate  migration
	separate string // PostgreSQL schema for an installation beside another one; "" for none
}

// wants reports whether the command needs a secret that may be in Vault. A command that ends
// sessions must not depend on Vault, which may be unavailable.
func (o opening) wants(key string) bool {
	switch section, _, _ := strings.Cut(key, "."); section {
	case "jwt":
		return o.signs || o.verifies
	case "password":
		return o.hashes
	case "mail":
		return o.serves || o.mails
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
	secret     string // jwt.secret, or the generated one
	noSecret   bool   // secret is a random one, because none is known
	secretFile string // file with a generated secret, perhaps new; "" when the secret is configured
	created    string // the SQLite file that this command created, or ""
}

func (i *instance) close() {
	if i.authn != nil {
		i.authn.Close()
	}
	if i.store != nil {
		i.store.Close()
	}
}

package cmd

import (
	"fmt"
	"strings"

	"github.com/authctl/authctl/cmd/config"
)

// name reports the database that a command is going to change, and keeps its name for the question.
// A server reports the name itself.
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
func (i *instance) where() string { return i.cfg.DatabaseName() }

// noDatabase returns the error for a SQLite database that does not exist.
func noDatabase(inst *instance, format string, args ...any) error {
	return &problem{exitUnreachable, fmt.Errorf("%s (%s); nothing was created", fmt.Sprintf(format, args...), inst.cfg.DatabaseOrigin()),
		"set DATABASE_URL or database.url to the database that the servers use; authctl serve and authctl migrate up create a new one"}
}

// noSecret returns the error for an installation without its own secret file.
func noSecret(inst *instance) error {
	return &problem{exitUsage, fmt.Errorf("there is no secret %s for the database %s, and jwt.secret is not set; nothing was created", config.Absolute(inst.secretFile), inst.where()),
		"set JWT_SECRET or jwt.secret to the secret that the servers use; for a new installation, authctl serve creates it"}
}

package cmd

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/cmd/vault"
)

// app is the state that every command shares: its streams, and the means to open the
// configuration, the store and the service. It opens each of them when a command needs
// it, and not before.
type app struct {
	in      io.Reader
	out     io.Writer // data
	err     io.Writer // talk
	sources config.Sources
	as      operatorName  // --as
	log     *serverLog    // of serve, once it is open; nil before, and of every other command
	vault   *vault.Client // created when a setting refers to Vault

	vaultLogin config.Vault // the settings of vault

	database string // name of the database that the command may change, for messages; "" when it changes none
	waits    bool   // --wait was given
}

// say writes a message to standard error, or into the log if the log is JSON.
func (a *app) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if a.log != nil && a.log.json {
		a.log.say(line)
		return
	}
	fmt.Fprintf(a.err, "authctl: %s\n", printable(line))
}

// terminal returns a stream as a file if it is a terminal.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

package cmd

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/cmd/vault"
)

// app is what every command is given: where to read and write, and how to come
// by the configuration, the store and the service, which are opened when a
// command asks for them and not before.
type app struct {
	in      io.Reader
	out     io.Writer // data
	err     io.Writer // talk
	sources config.Sources
	as      operatorName  // --as
	log     *serverLog    // of serve, once it is open; nil before, and of every other command
	vault   *vault.Client // made when something is kept there

	vaultLogin config.Vault // what vault was made with

	database string // the one that the command may change, as people read it; "" when it changes none
	waits    bool   // --wait was given
}

// say writes a line of talk; where the log is JSON, into the log.
func (a *app) say(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	if a.log != nil && a.log.json {
		a.log.say(line)
		return
	}
	fmt.Fprintf(a.err, "authctl: %s\n", printable(line))
}

// terminal returns the terminal that a stream is, if it is one.
func terminal(stream any) (*os.File, bool) {
	f, ok := stream.(*os.File)
	return f, ok && term.IsTerminal(int(f.Fd()))
}

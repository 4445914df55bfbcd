package cmd

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/authctl/authctl/cmd/config"
)

const maxPassword = 8 << 10 // bytes that are read; authn has the real limit

// passwordOptions selects the source of a password. An argument is never the source, because
// every user of the machine can see it.
type passwordOptions struct {
	stdin    bool
	file     string
	generate bool
}

func (o *passwordOptions) addFlags(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&o.stdin, "password-stdin", false, "read the password from standard input")
	f.StringVar(&o.file, "password-file", "", "read the password from a `file`")
	f.BoolVar(&o.generate, "generate", false, "generate a strong password and print it once")
}

// read returns the password; one line break at its end is not part of it. What else stands around
// it, such as quotes or a second line, is refused.
func (o passwordOptions) read(ctx context.Context, a *app) (string, error) {
	if (o.stdin && o.generate) || (o.file != "" && (o.stdin || o.generate)) {
		return "", usage("", "give only one of --password-stdin, --password-file and --generate")
	}
	switch {
	case o.generate:
		return generatePassword(), nil
	case o.stdin:
		return readPassword(a.in, "--password-stdin: standard input")
	case o.file != "":
		f, err := os.Open(o.file)
		if err != nil {
			return "", &problem{exitUsage, err, ""}
		}
		defer f.Close()
		return readPassword(f, "--password-file: "+o.file)
	}
	tty, ok := terminal(a.in)
	if !ok {
		return "", usage("use --password-stdin, --password-file or --generate", "there is no terminal to ask for the password")
	}
	first, err := a.askHidden(ctx, tty, "password: ")
	if err != nil {
		return "", err
	}
	second, err := a.askHidden(ctx, tty, "again: ")
	if err != nil {
		return "", err
	}
	if first != second {
		return "", usage("nothing was changed, try again", "the two passwords differ")
	}
	return first, nil
}

func readPassword(r io.Reader, from string) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxPassword+1))
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	if len(b) > maxPassword {
		return "", usage("", "%s contains more than a password", from)
	}
	password := config.TrimLineBreak(string(b))
	if password == "" {
		return "", usage("", "%s contains no password", from)
	}
	if found := config.StrayText(password); found != "" {
		return "", usage("a password that really has it can be typed at the prompt", "%s %s", from, found)
	}
	return password, nil
}

func (a *app) askHidden(ctx context.Context, tty *os.File, prompt string) (string, error) {
	fmt.Fprint(a.err, prompt)
	password, err := typed(ctx, tty, func() (string, error) {
		b, err := term.ReadPassword(int(tty.Fd()))
		return string(b), err
	})
	fmt.Fprintln(a.err)
	if err != nil {
		return "", fmt.Errorf("read password: %w", err)
	}
	return password, nil
}

// typed returns what read gets from the terminal, or the context's error when that
// ends first. The read itself cannot be called off and ends with the program, so
// the terminal is put back to what it was.
func typed(ctx context.Context, tty *os.File, read func() (string, error)) (string, error) {
	before, err := term.GetState(int(tty.Fd()))
	if err != nil {
		return "", err
	}
	type answer struct {
		text string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		text, err := read()
		answers <- answer{text, err}
	}()
	select {
	case got := <-answers:
		return got.text, got.err
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(int(tty.Fd()), before))
	}
}

// generatePassword returns 26 characters that hold 130 random bits.
func generatePassword() string {
	b := make([]byte, 17)
	rand.Read(b)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))[:26]
}

// confirmOptions is for commands that destroy data.
type confirmOptions struct{ yes, dryRun bool }

func (o *confirmOptions) addFlag(c *cobra.Command) {
	c.Flags().BoolVarP(&o.yes, "yes", "y", false, "do not ask for confirmation")
	c.Flags().BoolVar(&o.dryRun, "dry-run", false, "say what would be done, and change nothing")
}

var errDeclined = &problem{exitUsage, errors.New("nothing was changed"), ""}

// confirm reports whether to go on with an irreversible operation, such as "delete
// user alice". It asks, unless a flag has answered. It fails without a terminal and
// without --yes.
func (o confirmOptions) confirm(ctx context.Context, a *app, what string) (bool, error) {
	what = a.inDatabase(what)
	return o.ask(ctx, a, what, what+"? [y/N] ", "y", "yes")
}

// confirmWord is confirm for operations on all users: the person must type a whole word.
func (o confirmOptions) confirmWord(ctx context.Context, a *app, what, word string) (bool, error) {
	what = a.inDatabase(what)
	return o.ask(ctx, a, what, fmt.Sprintf("%s? type %q to do it: ", what, word), word)
}

func (o confirmOptions) ask(ctx context.Context, a *app, what, question string, assent ...string) (bool, error) {
	if o.dryRun {
		a.say("would %s", what)
		return false, nil
	}
	if o.yes {
		return true, nil
	}
	tty, ok := terminal(a.in)
	if !ok {
		return false, usage("add --yes to do it, or --dry-run to see what it would do", "there is no terminal to ask whether to %s", what)
	}
	fmt.Fprint(a.err, printable(question))
	line, err := typed(ctx, tty, func() (string, error) { return bufio.NewReader(tty).ReadString('\n') })
	if err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(a.err)
		return false, fmt.Errorf("read answer: %w", err)
	}
	if !slices.Contains(assent, strings.ToLower(strings.TrimSpace(line))) {
		return false, errDeclined
	}
	return true, nil
}

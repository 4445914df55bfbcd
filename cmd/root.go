// Package cmd is the command line: its commands, their wiring, and their output for a
// person at a terminal. Only this package and
// cmd/config know which database is in use.
//
// A command is an options struct, a constructor that declares its flags, and a
// run method that does not use cobra. Data goes to standard output, messages to
// standard error. Errors end in one place, which turns them into an exit code and a hint.
package cmd

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/cmd/config"
)

// Main runs the program and returns its exit code. The first SIGINT or SIGTERM
// asks it to stop, the second ends it at once.
func Main() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // gives the next signal its default meaning back
	return execute(ctx, os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr)
}

// execute is the program as a function of its surroundings.
func execute(ctx context.Context, args, environ []string, in io.Reader, out, errs io.Writer) int {
	a := &app{in: in, out: out, err: errs, sources: config.Sources{Environ: environ, Dir: ".", Flags: map[string]string{}}}
	root := newRoot(a)
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	defer func() { a.log.close() }() // also after a panic
	err := root.ExecuteContext(ctx)
	if a.log != nil && a.log.json {
		return a.log.stopped(err)
	}
	return report(a.err, err)
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "authctl",
		Short: "Login for your application: the service and its administration in one binary",
		Long: `authctl registers users, signs them in and keeps their sessions.

"authctl serve" answers the HTTP API. Every other command works directly on
the same database, with or without a running server.`,
		Example: `  authctl serve
  authctl user create alice
  authctl token revoke-all --user alice --reason "stolen laptop"`,
		Version:       oneLineVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetVersionTemplate("authctl {{.Version}}\n")
	root.PersistentFlags().StringVar(&a.sources.File, "config", "", "read settings from a `file` (default: AUTHCTL_CONFIG, or ./authctl.yaml if there is one)")
	root.PersistentFlags().Var(&a.as, "as", "`name` to record in the audit trail beside the operating system's user (default: AUTHCTL_OPERATOR)")
	root.AddCommand(newServe(a), newMigrate(a), newUser(a), newClient(a), newToken(a), newLimits(a), newNode(a), newKey(a), newAudit(a), newMail(a), newBackup(a), newRestore(a), newSecret(a), newConfig(a), newHashBench(a), newHealth(a), newVersion(a))
	root.InitDefaultCompletionCmd() // now, for its errors to be like all others
	forEach(root, func(c *cobra.Command) {
		if !c.Runnable() {
			c.RunE = needsCommand
		}
		c.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
			return usage(c.CommandPath()+" --help shows the usage", "%v", err)
		})
		if run, wait := c.RunE, c.Flags().Lookup("wait"); wait != nil {
			c.RunE = func(c *cobra.Command, args []string) error {
				a.waits = wait.Changed
				return run(c, args)
			}
		}
		if args := c.Args; args != nil {
			c.Args = func(c *cobra.Command, given []string) error {
				if err := args(c, given); err != nil {
					return usage(hintFor(c, given), "%v", wrongArguments(c, given, err))
				}
				return nil
			}
		}
	})
	return root
}

// wrongArguments names the arguments of c as its usage line does. Cobra itself would report an argument
// of a command without arguments as an unknown command.
func wrongArguments(c *cobra.Command, given []string, err error) error {
	if c.HasSubCommands() {
		return err
	}
	takes, _, _ := strings.Cut(strings.TrimPrefix(c.Use, c.Name()), "--")
	switch takes = strings.TrimSpace(takes); {
	case takes != "":
		return fmt.Errorf("%s takes %s, but got %s", c.CommandPath(), takes, count(int64(len(given)), "argument"))
	case len(given) > 0:
		return fmt.Errorf("%s takes no argument, but got %q", c.CommandPath(), given[0])
	}
	return err
}

// hintFor suggests a command for arguments that c does not take.
func hintFor(c *cobra.Command, given []string) string {
	c.SuggestionsMinimumDistance = 2 // letters that may differ
	if c.HasSubCommands() && len(given) > 0 {
		if near := c.SuggestionsFor(given[0]); len(near) > 0 {
			return "did you mean " + c.CommandPath() + " " + near[0] + "?"
		}
	}
	if !c.HasSubCommands() && len(given) > 0 && c.Flags().Lookup("user") != nil {
		return "did you mean " + c.CommandPath() + " --user NAME?"
	}
	return c.CommandPath() + " --help shows the usage"
}

func forEach(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, child := range c.Commands() {
		forEach(child, do)
	}
}

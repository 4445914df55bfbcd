package cmd

import "github.com/spf13/cobra"

// group makes a command that only holds others.
func group(use, short string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs}
	c.AddCommand(children...)
	return c
}

// needsCommand answers for a command that only holds others.
func needsCommand(c *cobra.Command, _ []string) error {
	return usage(c.CommandPath()+" --help lists them", "%s needs a command", c.CommandPath())
}

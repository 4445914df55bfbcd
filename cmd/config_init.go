package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/cmd/config"
)

func newConfigInit(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Print a configuration file of every setting with its default, and when to change it",
		Long: `Print a configuration file of every setting with its default, and when to change it.
Until you change a value, the file has the same effect as no file. The command writes no file.`,
		Example: `  (umask 077; authctl config init > authctl.yaml)`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := config.Example()
			if err == nil {
				_, err = fmt.Fprint(a.out, text)
			}
			return err
		},
	}
}

package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/cmd/config"
)

func newSecret(a *app) *cobra.Command {
	return group("secret", "Make secrets", newSecretGenerate(a))
}

func newSecretGenerate(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "generate",
		Short: "Print a fresh secret of 64 hexadecimal characters, for jwt.secret or password.pepper",
		Example: `  export JWT_SECRET=$(authctl secret generate)
  (umask 077; authctl secret generate > jwt.secret)`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(a.out, config.RandomSecret())
			return err
		},
	}
}

package cmd

import "github.com/spf13/cobra"

func newUserUnlock(a *app) *cobra.Command {
	var (
		o      output
		reason string
	)
	c := &cobra.Command{
		Use:   "unlock NAME|ID",
		Short: "Enable a password that failed sign-ins have disabled, and forget the failures",
		Long: `Enable a password that too many failed sign-ins in a row have disabled
(limits.account.disable_password_after), and forget the failures that delay the next sign-in.
If an attacker may have guessed the password, set a new one instead: authctl user set-password.`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			inst, err := a.open(c.Context(), opening{})
			if err != nil {
				return err
			}
			defer inst.close()
			user, err := findUser(c.Context(), a, inst, args[0])
			if err != nil {
				return err
			}
			if user, err = inst.authn.UnlockUser(c.Context(), a.actor(reason), user.ID.String()); err != nil {
				return err
			}
			return showChanged(c.Context(), a, inst, &o, user, "")
		},
	}
	o.addFlag(c, "table", "json", "yaml", "ids")
	addReason(c, &reason)
	return c
}

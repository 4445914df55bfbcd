package cmd

import "github.com/spf13/cobra"

// addUsers declares --user.
func addUsers(c *cobra.Command, users *[]string, usage string) {
	c.Flags().StringArrayVar(users, "user", nil, usage)
}

func addReason(c *cobra.Command, reason *string) {
	c.Flags().StringVar(reason, "reason", "", "`why`, for the audit trail")
}

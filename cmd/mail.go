package cmd

import (
	"github.com/spf13/cobra"
)

func newMail(a *app) *cobra.Command {
	return group("mail", "Test the mail server, and see and change what waits in the outbox",
		newMailTest(a), newMailPreview(a), newMailList(a), newMailRetry(a), newMailDrop(a))
}

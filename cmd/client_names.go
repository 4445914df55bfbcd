package cmd

import (
	"context"

	"github.com/authctl/authctl/authn"
)

// warnOfSharedNames says which service accounts have the client_id that tokens of users have too. Of
// such a token client_id does not tell that no person has it.
func (a *app) warnOfSharedNames(ctx context.Context, inst *instance) error {
	names := []string{inst.authn.DefaultClientID()}
	for _, app := range inst.cfg.Clients {
		names = append(names, app.ID)
	}
	for _, name := range names {
		client, err := inst.authn.Client(ctx, name)
		if authn.CodeOf(err) == authn.CodeClientNotFound {
			continue
		}
		if err != nil {
			return err
		}
		a.say("warning: the service account %s has the client_id of an application in clients, or of jwt.client_id: "+
			"a verifier that looks at client_id alone takes a user's token for the program's; rename the application, or make the program another account", client.Name)
	}
	return nil
}

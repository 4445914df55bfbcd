package cmd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store"
)

func newClient(a *app) *cobra.Command {
	return group("client", "Create and change service accounts: programs that get access tokens with a secret",
		newClientCreate(a), newClientList(a), newClientRotate(a), newClientSet(a), newClientDisable(a), newClientEnable(a), newClientDelete(a))
}

type clientCreateOptions struct {
	output
	rightsOptions
	reason string
}

func newClientCreate(a *app) *cobra.Command {
	var o clientCreateOptions
	c := &cobra.Command{
		Use:   "create NAME",
		Short: "Create a service account and print its secret, which nobody can read again",
		Long: `Create a service account: a program that acts for itself and not for a person. It gets access
tokens at POST /token with its name and the secret (docs/service-accounts.md). Standard output has
the secret alone; the database has only its SHA-256.

A name has 1 to 64 characters of a-z 0-9 _ . : - and no other client can have it. authctl user set
--help describes roles and claims, which are the same for a client.`,
		Example: `  authctl client create billing --role invoices:write
  (umask 077; authctl client create billing > billing.secret)
  authctl client create billing --claim plan=pro -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.output.addFlag(c, "secret", "json", "yaml")
	o.rightsOptions.addFlags(c)
	addReason(c, &o.reason)
	return c
}

func (o *clientCreateOptions) run(ctx context.Context, a *app, name string) error {
	rights, err := o.change()
	if err != nil {
		return err
	}
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	if err := server.CheckClientID(name); err != nil && authn.IsClientName(name) {
		return usage("", "the client cannot be called %q: %v", name, err)
	}
	for _, app := range inst.cfg.Clients {
		if app.ID == name {
			return usage("", "the client cannot be called %q: an application in clients of the configuration is, and access tokens name both in client_id", name)
		}
	}
	client, secret, err := inst.authn.CreateClient(ctx, a.actor(o.reason), name, rights)
	if err != nil {
		return err
	}
	a.say("client %s (%s) is created; its secret is shown this once", client.Name, client.ID)
	return showSecret(a, &o.output, client, secret)
}

// showSecret prints a client with its new secret, or the secret alone.
func showSecret(a *app, o *output, c store.Client, secret string) error {
	v := viewClient(c, time.Now())
	v.Database, v.Secret = a.database, secret
	if err := o.print(a.out, v, table{rows: [][]string{{secret}}}, nil); err != nil {
		return &problem{exitFailed, fmt.Errorf("client %s has this new secret, but it could not be printed, and it is lost: %w", c.Name, err),
			"authctl client rotate " + c.Name + " makes another one when the output can be written, and asks before it ends a secret that the program may still use"}
	}
	return nil
}

// clientChangeOptions is for the commands that change a client and print it.
type clientChangeOptions struct{ changeOptions }

// change carries out do on the client of this name, shows the client, and waits for the servers.
func (o *clientChangeOptions) change(ctx context.Context, a *app, name string, do func(*instance, store.Client) (store.Client, error)) error {
	inst, err := a.open(ctx, opening{})
	if err != nil {
		return err
	}
	defer inst.close()
	client, err := inst.authn.Client(ctx, name)
	if err != nil {
		return err
	}
	if client, err = do(inst, client); err != nil {
		return err
	}
	v := viewClient(client, time.Now())
	v.Database = a.database
	shown := o.print(a.out, v, v.table(), []string{client.ID.String()})
	_, err = o.awaitServers(ctx, a, inst.authn)
	return errors.Join(shown, err)
}

func newClientDisable(a *app) *cobra.Command {
	return newClientChange(a, &cobra.Command{
		Use:     "disable NAME",
		Short:   "End a service account's access tokens and refuse its secrets",
		Example: `  authctl client disable billing --reason "secret in a public repository"`,
	}, (*authn.Service).DisableClient)
}

func newClientEnable(a *app) *cobra.Command {
	return newClientChange(a, &cobra.Command{
		Use:   "enable NAME",
		Short: "Accept the secrets of a disabled service account again; ended tokens stay ended",
	}, (*authn.Service).EnableClient)
}

func newClientChange(a *app, c *cobra.Command, do func(*authn.Service, context.Context, authn.Actor, store.Client) (store.Client, error)) *cobra.Command {
	var o clientChangeOptions
	c.Args = cobra.ExactArgs(1)
	c.RunE = func(c *cobra.Command, args []string) error {
		return o.change(c.Context(), a, args[0], func(inst *instance, client store.Client) (store.Client, error) {
			return do(inst.authn, c.Context(), a.actor(o.reason), client)
		})
	}
	o.addFlags(c)
	return c
}

type clientSetOptions struct {
	clientChangeOptions
	rightsChangeOptions
}

func newClientSet(a *app) *cobra.Command {
	var o clientSetOptions
	c := &cobra.Command{
		Use:   "set NAME",
		Short: "Give a service account roles and claims, or take them away",
		Long: `Give a service account roles and claims, or take them away. The change is in force on every server
within a second: servers answer the older access tokens with token_expired, so that the program
asks for another one. authctl user set --help describes roles and claims.`,
		Example: `  authctl client set billing --role invoices:read --unrole invoices:write`,
		Args:    cobra.ExactArgs(1),
		RunE:    func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.clientChangeOptions.addFlags(c)
	o.rightsChangeOptions.addFlags(c)
	return c
}

func (o *clientSetOptions) run(ctx context.Context, a *app, name string) error {
	change, err := o.rightsChangeOptions.change("authctl client set NAME --role reports:read")
	if err != nil {
		return err
	}
	return o.clientChangeOptions.change(ctx, a, name, func(inst *instance, client store.Client) (store.Client, error) {
		before := client.Rights
		client, changed, err := inst.authn.SetClientRights(ctx, a.actor(o.reason), client.Name, change)
		if err != nil {
			return client, err
		}
		sayRights(a, client.Name, before, change, changed)
		return client, nil
	})
}

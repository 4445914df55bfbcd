package cmd

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn/mail"
	"github.com/authctl/authctl/store"
)

type mailPreviewOptions struct {
	output
	locale string
}

func newMailPreview(a *app) *cobra.Command {
	var o mailPreviewOptions
	c := &cobra.Command{
		Use:   "preview KIND",
		Short: "Print a mail with sample data, without sending it",
		Long: `Print a mail with sample data: sender, subject and the plain text, or with -o html the HTML. It
uses mail.templates_dir, so that you see your own texts. The kinds are

` + wordColumns(store.MailKinds()),
		Example: `  authctl mail preview reset --locale de
  authctl mail preview verify -o html >verify.html`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args[0]) },
	}
	o.addFlag(c, "text", "html", "json")
	c.Flags().StringVar(&o.locale, "locale", "en", "`languages` that the reader accepts, best first, such as pt-BR,en")
	return c
}

// previewView is a mail in JSON.
type previewView struct {
	Language string `json:"language"`
	From     string `json:"from"`
	To       string `json:"to"`
	Subject  string `json:"subject"`
	Text     string `json:"text"`
	HTML     string `json:"html"`
}

func (o *mailPreviewOptions) run(ctx context.Context, a *app, kind string) error {
	cfg, err := a.load(ctx, func(string) bool { return false })
	if err != nil {
		return err
	}
	texts, err := cfg.MailTexts()
	if err != nil {
		return &problem{exitUsage, err, ""}
	}
	head, err := cfg.Letterhead()
	if err != nil {
		return &problem{exitUsage, fmt.Errorf("mail.from: %w", err), ""}
	}
	m, err := texts.Preview(store.MailKind(kind), o.locale, head)
	if err != nil {
		return &problem{exitUsage, err, ""}
	}
	switch o.format {
	case "html":
		_, err = io.WriteString(a.out, m.HTML)
		return err
	case "json":
		return o.print(a.out, viewPreview(m), table{}, nil)
	}
	_, err = fmt.Fprintf(a.out, "From: %s\nTo: %s\nSubject: %s\n\n%s", m.From.String(), m.To, m.Subject, m.Text)
	return err
}

func viewPreview(m mail.Message) previewView {
	return previewView{m.Language, m.From.String(), m.To, m.Subject, m.Text, m.HTML}
}

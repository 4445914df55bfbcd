package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/cmd/vault"
)

type tokenInspectOptions struct{ output }

func newTokenInspect(a *app) *cobra.Command {
	var o tokenInspectOptions
	c := &cobra.Command{
		Use:   "inspect [TOKEN|-]",
		Short: "Show what a token is, and why it is good or not",
		Long: `Show an access or a refresh token, and why it is good or not. The exit code is 0 for a good token,
and 3 for any other. The command reads the token from standard input unless an argument gives it.
Every user of the machine can see an argument, and your shell keeps it. The command never prints the
token and changes nothing. The token may be pasted as it was copied: "Bearer …", a whole
Authorization, Cookie or Set-Cookie line, in quotes, broken into lines.

The verdict needs the database, and for an access token of HS256 the jwt.secret of the server. If one
is missing and no fault is found, the verdict is "unknown", the exit code is 7, and the output lists
what is missing. A token that has expired, or whose session has ended, is not good even then.`,
		Example: `  authctl token inspect < token.txt
  pbpaste | authctl token inspect -o json
  curl -si … | grep -i '^set-cookie: access_token' | authctl token inspect`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args) },
	}
	o.addFlag(c, "table", "json", "yaml")
	return c
}

// inspectionView is the result of an inspection in JSON and YAML.
type inspectionView struct {
	Kind       string        `json:"kind"` // access, refresh or unknown
	Verdict    authn.Verdict `json:"verdict"`
	Good       *bool         `json:"good"` // null when the verdict is unknown
	Why        string        `json:"why"`
	Missing    []string      `json:"missing"` // what an unknown verdict lacks: jwt.secret, database
	KeyID      *string       `json:"key_id"`  // of an access token
	OurKey     *bool         `json:"our_key"` // null when that cannot be told
	UserID     *uuid.UUID    `json:"user_id"`
	Username   *string       `json:"username"`
	Client     *string       `json:"client"`  // the name of a service account, whose token has no user
	Subject    *uuid.UUID    `json:"subject"` // its id
	SessionID  *uuid.UUID    `json:"session_id"`
	IssuedAt   *time.Time    `json:"issued_at"`
	ExpiresAt  *time.Time    `json:"expires_at"`
	Generation [2]int64      `json:"generation"` // of the installation, and of the user or client
	Current    [2]int64      `json:"current_generation"`
}

func (o *tokenInspectOptions) run(ctx context.Context, a *app, args []string) error {
	token, err := a.givenToken(args)
	if err != nil {
		return err
	}
	inst, err := a.openToInspect(ctx)
	if err != nil {
		return err
	}
	defer inst.close()
	in, err := inst.authn.Inspect(ctx, token)
	if err != nil {
		return err
	}
	v := viewInspection(in)
	if err := o.print(a.out, v, inspectionTable(v), nil); err != nil {
		return err
	}
	switch in.Verdict {
	case authn.VerdictGood:
		return nil
	case authn.VerdictNotGood:
		return &problem{exitCheck, fmt.Errorf("the token is not good: %s", in.Why), ""}
	}
	return &problem{exitPartial, fmt.Errorf("cannot tell whether the token is good: %s", in.Why), supply(in.Missing)}
}

// supply returns a hint how to supply the missing inputs.
func supply(missing []string) string {
	var hints []string
	for _, what := range missing {
		if what == authn.MissingSecret {
			hints = append(hints, "jwt.secret (JWT_SECRET) must be that of the servers")
		} else {
			hints = append(hints, "database.url (DATABASE_URL) must lead to the servers' database, and that must answer")
		}
	}
	return strings.Join(hints, "; ")
}

// openToInspect opens as much of the installation as there is. A Vault that is away is no
// secret, and a database that cannot be reached is none: much can be told without them.
func (a *app) openToInspect(ctx context.Context) (*instance, error) {
	o := opening{reads: true, verifies: true}
	inst, err := a.open(ctx, o)
	if errors.Is(err, vault.ErrAway) {
		a.say("warning: jwt.secret is not known: %s", oneLine(err))
		o.verifies = false
		inst, err = a.open(ctx, o)
	}
	if err == nil || ctx.Err() != nil || endingOf(err).exit != exitUnreachable {
		return inst, err
	}
	cfg, loadErr := a.load(ctx, o.wants)
	if loadErr != nil {
		return nil, err
	}
	a.say("warning: the database cannot be queried: %s", oneLine(err))
	inst = &instance{cfg: cfg}
	if inst.secret, err = a.secretOf(inst, o); err != nil {
		return nil, err
	}
	inst.authn, err = newService(inst, nil)
	return inst, err
}

// givenToken returns the token in the argument, or in what standard input holds.
func (a *app) givenToken(args []string) (string, error) {
	if len(args) == 1 && args[0] != "-" {
		return pastedToken(args[0])
	}
	if _, onTerminal := terminal(a.in); onTerminal {
		a.say("paste the token and end with ctrl-d")
	}
	b, err := io.ReadAll(io.LimitReader(a.in, config.MaxSecretFile))
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	if strings.TrimSpace(string(b)) == "" {
		return "", usage("authctl token inspect < token.txt", "standard input contains no token")
	}
	return pastedToken(string(b))
}

func viewInspection(in authn.Inspection) inspectionView {
	v := inspectionView{Kind: in.Kind, Verdict: in.Verdict, Why: in.Why, Missing: append([]string{}, in.Missing...), IssuedAt: timeOrNull(in.IssuedAt), ExpiresAt: timeOrNull(in.ExpiresAt),
		Generation: [2]int64{in.Generation.Installation, in.Generation.User}, Current: [2]int64{in.Current.Installation, in.Current.User}}
	if good := in.Verdict == authn.VerdictGood; in.Verdict != authn.VerdictUnknown {
		v.Good = &good
	}
	if in.Kind == "access" {
		v.KeyID = &in.KeyID
	}
	if in.Kind == "access" && (in.OurKey || in.Verdict != authn.VerdictUnknown) {
		v.OurKey = &in.OurKey
	}
	switch {
	case in.Client != "":
		v.Client, v.Subject = &in.Client, &in.UserID
	case in.UserID != uuid.Nil:
		v.UserID, v.Username = &in.UserID, &in.Username
	}
	if in.SessionID != uuid.Nil {
		v.SessionID = &in.SessionID
	}
	return v
}

func inspectionTable(v inspectionView) table {
	t := table{rows: [][]string{{"kind", v.Kind}, {"verdict", string(v.Verdict)}, {"why", v.Why}}}
	if len(v.Missing) > 0 {
		t.rows = append(t.rows, []string{"missing", strings.Join(v.Missing, ", ")})
	}
	add := func(name string, value any) { t.rows = append(t.rows, []string{name, fmt.Sprint(value)}) }
	if v.KeyID != nil {
		add("key", orDash(*v.KeyID))
	}
	if v.UserID != nil {
		add("username", markedName(*v.Username))
		add("user id", v.UserID)
	}
	if v.Client != nil {
		add("client", *v.Client)
		add("subject", v.Subject)
	}
	if v.SessionID != nil {
		add("session", v.SessionID)
	}
	if v.IssuedAt != nil && v.ExpiresAt != nil {
		add("issued at", when(*v.IssuedAt))
		add("expires at", when(*v.ExpiresAt))
	}
	if v.Kind != "unknown" {
		add("generation", fmt.Sprintf("%d, %d; current %d, %d", v.Generation[0], v.Generation[1], v.Current[0], v.Current[1]))
	}
	return t
}

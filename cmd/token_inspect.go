package cmd

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/authn"
)

type tokenInspectOptions struct{ output }

func newTokenInspect(a *app) *cobra.Command {
	var o tokenInspectOptions
	c := &cobra.Command{
		Use:   "inspect [TOKEN|-]",
		Short: "Tell what a token is, and why it is good or not; exit 3 when it is not",
		Long: `Tell what an access or a refresh token is, and why it is good or not. The token is
read from standard input unless it is given; an argument is seen by every user of
the machine, and kept by your shell. It is never printed, and nothing is changed.

To tell whose key signed an access token, it needs the jwt.secret of the server.`,
		Example: `  authctl token inspect < token.txt
  pbpaste | authctl token inspect -o json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return o.run(c.Context(), a, args) },
	}
	o.addFlag(c, "table", "json", "yaml")
	return c
}

// inspectionView is what is known of a token in JSON and YAML.
type inspectionView struct {
	Kind       string     `json:"kind"` // access, refresh or unknown
	Good       bool       `json:"good"`
	Why        string     `json:"why"`
	KeyID      *string    `json:"key_id"` // of an access token
	OurKey     *bool      `json:"our_key"`
	UserID     *uuid.UUID `json:"user_id"`
	Username   *string    `json:"username"`
	SessionID  *uuid.UUID `json:"session_id"`
	IssuedAt   *time.Time `json:"issued_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	Generation [2]int64   `json:"generation"` // of the installation and of the user
	Current    [2]int64   `json:"current_generation"`
}

func (o *tokenInspectOptions) run(ctx context.Context, a *app, args []string) error {
	token, err := a.givenToken(args)
	if err != nil {
		return err
	}
	inst, err := a.open(ctx, opening{verifies: true})
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
	if !in.Good {
		return &problem{exitCheck, fmt.Errorf("the token is not good: %s", in.Why), ""}
	}
	return nil
}

// givenToken returns the argument, or what standard input holds.
func (a *app) givenToken(args []string) (string, error) {
	if len(args) == 1 && args[0] != "-" {
		return args[0], nil
	}
	if _, onTerminal := terminal(a.in); onTerminal {
		a.say("paste the token and end with ctrl-d")
	}
	b, err := io.ReadAll(io.LimitReader(a.in, maxSecretFile))
	if err != nil {
		return "", fmt.Errorf("read token: %w", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return "", usage("authctl token inspect < token.txt", "standard input holds no token")
	}
	return token, nil
}

func viewInspection(in authn.Inspection) inspectionView {
	v := inspectionView{Kind: in.Kind, Good: in.Good, Why: in.Why, IssuedAt: timeOrNull(in.IssuedAt), ExpiresAt: timeOrNull(in.ExpiresAt),
		Generation: [2]int64{in.Generation.Installation, in.Generation.User}, Current: [2]int64{in.Current.Installation, in.Current.User}}
	if in.Kind == "access" {
		v.KeyID, v.OurKey = &in.KeyID, &in.OurKey
	}
	if in.UserID != uuid.Nil {
		v.UserID, v.Username = &in.UserID, &in.Username
	}
	if in.SessionID != uuid.Nil {
		v.SessionID = &in.SessionID
	}
	return v
}

func inspectionTable(v inspectionView) table {
	verdict := "not good"
	if v.Good {
		verdict = "good"
	}
	t := table{rows: [][]string{{"kind", v.Kind}, {"verdict", verdict}, {"why", v.Why}}}
	add := func(name string, value any, known bool) {
		if known {
			t.rows = append(t.rows, []string{name, fmt.Sprint(value)})
		}
	}
	if v.KeyID != nil {
		add("key", orDash(*v.KeyID), true)
	}
	if v.UserID != nil {
		add("username", markedName(*v.Username), true)
		add("user id", v.UserID, true)
	}
	add("session", v.SessionID, v.SessionID != nil)
	if v.IssuedAt != nil && v.ExpiresAt != nil {
		add("issued at", when(*v.IssuedAt), true)
		add("expires at", when(*v.ExpiresAt), true)
	}
	add("generation", fmt.Sprintf("%d, %d; current %d, %d", v.Generation[0], v.Generation[1], v.Current[0], v.Current[1]), v.Kind != "unknown")
	return t
}

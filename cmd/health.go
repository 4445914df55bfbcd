package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

type healthOptions struct {
	url     string
	ready   bool
	timeout time.Duration
}

func newHealth(a *app) *cobra.Command {
	var o healthOptions
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask a running server how it is; exit 6 when it does not answer well",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	f := c.Flags()
	f.StringVar(&o.url, "url", "", "the server's `URL` (default: the configured address on this machine)")
	f.BoolVar(&o.ready, "ready", false, "ask whether it can serve, not only whether it lives")
	f.DurationVar(&o.timeout, "timeout", 2*time.Second, "how long to wait for the answer")
	return c
}

func (o healthOptions) run(ctx context.Context, a *app) error {
	client := http.DefaultClient
	base := strings.TrimSuffix(o.url, "/")
	if base == "" {
		cfg, err := load(a.sources)
		if err != nil {
			return err
		}
		base = cfg.Server.scheme() + "://" + reachable(net.JoinHostPort(cfg.Server.Host, strconv.Itoa(int(cfg.Server.Port))))
		if cfg.Server.TLS.CertFile != "" {
			client = &http.Client{Transport: &http.Transport{TLSClientConfig: cfg.Server.TLS.trusting()}}
		}
	}
	path := "/healthz"
	if o.ready {
		path = "/readyz"
	}
	ctx, cancel := context.WithTimeout(ctx, o.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+path, nil)
	if err != nil {
		return usage("", "--url: %v", err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return &problem{exitUnreachable, fmt.Errorf("no answer from %s: %w", base+path, err), "is authctl serve running there?"}
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var body struct {
			Message string `json:"message"`
		}
		json.NewDecoder(io.LimitReader(resp.Body, 4<<10)).Decode(&body) // the status says enough without it
		return &problem{exitUnreachable, fmt.Errorf("%s answers %s %s", base+path, resp.Status, body.Message), "the server's log says why"}
	}
	a.say("%s is well", base)
	return nil
}

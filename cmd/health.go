package cmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pires/go-proxyproto"
	"github.com/spf13/cobra"

	"github.com/authctl/authctl/cmd/config"
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
		Short: "Check the health of a running server; exit 6 unless it is healthy",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return o.run(c.Context(), a) },
	}
	f := c.Flags()
	f.StringVar(&o.url, "url", "", "the server's `URL` (default: the configured address on this machine)")
	f.BoolVar(&o.ready, "ready", false, "check that the server can serve requests (readiness), not only that it is alive (liveness)")
	o.timeout = 2 * time.Second
	f.Var((*span)(&o.timeout), "timeout", "how long to wait for an answer")
	return c
}

// clientOf asks the server on this machine.
func clientOf(s config.Server) *http.Client {
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return dial(ctx, s, network, address)
	}}
	if s.TLS.CertFile != "" {
		transport.TLSClientConfig = s.TLS.Trusting()
	}
	return &http.Client{Transport: transport}
}

// dial opens a connection. If the server requires the PROXY protocol from this machine, dial sends
// its LOCAL header, which names no client.
func dial(ctx context.Context, s config.Server, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil || !s.ProxyProtocol || !slices.ContainsFunc(s.TrustedProxies, func(p netip.Prefix) bool {
		return p.Contains(c.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap())
	}) {
		return c, err
	}
	own := proxyproto.Header{Version: 2, Command: proxyproto.LOCAL}
	if _, err := own.WriteTo(c); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

func (o healthOptions) run(ctx context.Context, a *app) error {
	client := http.DefaultClient
	base := strings.TrimSuffix(o.url, "/")
	if base == "" {
		cfg, err := config.Load(a.sources)
		if err != nil {
			return err
		}
		if cfg.Server.Port == 0 {
			return usage("give the URL that serve prints at its start: authctl health --url URL", "server.port is 0: only the server itself knows which port it has")
		}
		base = cfg.Server.Scheme() + "://" + reachable(net.JoinHostPort(cfg.Server.Host, strconv.Itoa(int(cfg.Server.Port))))
		client = clientOf(cfg.Server)
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
	a.say("%s is healthy", base)
	return nil
}

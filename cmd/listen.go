package cmd

import (
	"context"
	"errors"
	"net"
	"strconv"
	"syscall"

	"github.com/authctl/authctl/cmd/config"
)

// listeners has the listeners of a server.
type listeners struct {
	public net.Listener
	admin  net.Listener // nil when it is turned off
}

// listenOn opens the public listener, and the one for metrics unless it is turned off.
func listenOn(ctx context.Context, cfg *config.Loaded) (l listeners, err error) {
	address := net.JoinHostPort(cfg.Server.Host, strconv.Itoa(int(cfg.Server.Port)))
	if l.public, err = listen(ctx, cfg, address, "server.host", "server.port"); err != nil || cfg.Server.AdminListen == "" {
		return l, err
	}
	if l.admin, err = listen(ctx, cfg, cfg.Server.AdminListen, "server.admin_listen", "server.admin_listen"); err != nil {
		l.close()
	}
	return l, err
}

// close closes the listeners. A second call does nothing.
func (l listeners) close() {
	l.public.Close()
	if l.admin != nil {
		l.admin.Close()
	}
}

// String names their addresses.
func (l listeners) String() string {
	if l.admin == nil {
		return l.public.Addr().String()
	}
	return l.public.Addr().String() + " and " + l.admin.Addr().String()
}

// listen opens a listener. Where it cannot, it blames the setting that is at fault.
func listen(ctx context.Context, cfg *config.Loaded, address, hostKey, portKey string) (net.Listener, error) {
	var tcp net.ListenConfig
	l, err := tcp.Listen(ctx, "tcp", address)
	if err == nil {
		return l, nil
	}
	key, hint := hostKey, "give an address that this machine has, or 0.0.0.0 for all of them"
	switch {
	case errors.Is(err, context.Canceled):
		return nil, err
	case errors.Is(err, syscall.EADDRINUSE):
		key, hint = portKey, chooseAnother(portKey)+"; perhaps another authctl serve uses this one"
	case errors.Is(err, syscall.EACCES):
		key, hint = portKey, chooseAnother(portKey)+"; a port below 1024 needs root, or CAP_NET_BIND_SERVICE (AmbientCapabilities= of systemd)"
	}
	return nil, &problem{exitFailed, cfg.Located(config.Faults{{Key: key, Why: err.Error()}}), hint}
}

func chooseAnother(portKey string) string {
	if portKey == "server.port" {
		return "--port, PORT or server.port chooses another"
	}
	return `AUTHCTL_SERVER_ADMIN_LISTEN or server.admin_listen chooses another, "" in the file turns it off`
}

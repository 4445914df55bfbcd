package cmd

import (
	"context"
	"fmt"
	"net"

	"github.com/authctl/authctl/cmd/config"
)

// starting says what is about to start, and on which database. On a console, welcome does.
func (a *app) starting(inst *instance) {
	if !a.log.json {
		return
	}
	v := readVersion()
	a.log.always.Info().Str("version", v.Version).Str("commit", v.Commit).Str("database", inst.where()).Msg("starting")
}

// welcome reports that the server is ready, with its addresses. On a first start at a terminal it
// also suggests commands to try.
func (a *app) welcome(inst *instance, on listeners) {
	admin := on.admin
	url := inst.cfg.Server.Scheme() + "://" + reachable(on.public.Addr().String())
	if a.log.json {
		a.ready(inst, url, admin)
	} else {
		a.greet(inst, url, admin)
	}
	a.sayBudget(inst)
	a.warn(inst.cfg)
	if inst.created == "" || a.log.json {
		return
	}
	a.say("try it:")
	address := ""
	if inst.authn.EmailOn() {
		address = `,"email":"alice@example.com"`
	}
	for _, line := range []string{
		`curl -s ` + url + `/register --json '{"username":"alice","password":"correct horse battery staple"` + address + `}'`,
		`curl -s -c cookies.txt ` + url + `/login --json '{"username":"alice","password":"correct horse battery staple"}'`,
		`curl -s -b cookies.txt ` + url + `/profile`,
	} {
		fmt.Fprintf(a.err, "  %s\n", line)
	}
}

func (a *app) greet(inst *instance, url string, admin net.Listener) {
	a.say("database %s", inst.where())
	if inst.secretFile != "" {
		a.say("secret %s", config.Absolute(inst.secretFile))
	}
	if admin != nil {
		a.say("metrics on http://%s/metrics", admin.Addr())
	}
	a.say("Argon2's implementation is %q", inst.authn.HashStats().Implementation)
	a.say("listening on %s", url)
}

func (a *app) ready(inst *instance, url string, admin net.Listener) {
	line := a.log.always.Info().Str("url", url)
	if admin != nil {
		line.Str("metrics", "http://"+admin.Addr().String()+"/metrics")
	}
	if inst.secretFile != "" {
		line.Str("secret_file", config.Absolute(inst.secretFile))
	}
	line.Str("argon2", inst.authn.HashStats().Implementation).Msg("ready")
}

// draining says that the server accepts no more connections once server.drain_delay is over, and why.
func (a *app) draining(ctx context.Context, cfg config.Loaded) {
	a.log.always.Info().AnErr("cause", context.Cause(ctx)).Dur("drain_delay_ms", cfg.Server.DrainDelay).Msg("draining")
}

// reachable turns the address of a listener into one that can be dialled from
// this machine.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

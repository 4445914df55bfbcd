package cmd

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/authn/mail"
	"github.com/authctl/authctl/cmd/config"
	"github.com/authctl/authctl/store"
)

// mailroom sends the mail of a server. The settings may change while it does.
type mailroom struct {
	worker  *mail.Worker
	current atomic.Pointer[mailSettings]
	port    uint16 // of the public listener
	log     *serverLog
}

// mailSettings are the settings of mail in force.
type mailSettings struct {
	send       mail.Sender
	texts      *mail.Texts
	head       mail.Letterhead
	maxPerHour int
}

// newMailroom returns nil while mail is off.
func newMailroom(inst *instance, public net.Listener, log *serverLog) (*mailroom, error) {
	if !inst.cfg.MailOn() {
		return nil, nil
	}
	r := &mailroom{log: log, port: inst.cfg.Server.Port}
	if at, ok := public.Addr().(*net.TCPAddr); ok {
		r.port = uint16(at.Port)
	}
	settings, err := r.prepare(inst.cfg)
	if err != nil {
		return nil, &problem{exitUsage, err, ""}
	}
	r.current.Store(settings)
	r.worker = mail.New(mail.Config{
		Outbox: inst.store,
		Token:  inst.authn.MailToken,
		Send: func(ctx context.Context, m mail.Message) mail.Result {
			return r.current.Load().send(ctx, m)
		},
		Compose: func(m store.Mail, token string) (mail.Message, error) {
			s := r.current.Load()
			return s.texts.Compose(m, token, s.head)
		},
		Now:        time.Now,
		MaxPerHour: func() int { return r.current.Load().maxPerHour },
		Done:       func(t mail.Try) { logTry(log.Logger, t) },
		Failed:     func(err error) { log.Warn().Err(err).Msg("mail waits, for the database does not answer") },
	})
	inst.authn.OnMailQueued(r.worker.Wake)
	return r, nil
}

// prepare returns the settings of mail of a configuration.
func (r *mailroom) prepare(cfg config.Loaded) (*mailSettings, error) {
	cfg.Server.Port = r.port // the system chooses it where the setting is 0
	s := &mailSettings{maxPerHour: cfg.Mail.MaxPerHour}
	var err error
	if s.send, err = cfg.MailSender(r.show); err != nil {
		return nil, err
	}
	if s.texts, err = cfg.MailTexts(); err != nil {
		return nil, err
	}
	s.head, err = cfg.Letterhead()
	return s, err
}

var errMailTurned = errors.New("turning mail on or off takes a restart")

// reconfigure returns a function that puts the settings of a configuration in force.
func (r *mailroom) reconfigure(cfg config.Loaded) (use func(), err error) {
	if on := r != nil; on != cfg.MailOn() {
		return nil, config.Faults{{Key: "mail.url", Why: errMailTurned.Error()}}
	}
	if r == nil {
		return func() {}, nil
	}
	settings, err := r.prepare(cfg)
	return func() { r.current.Store(settings) }, err
}

// stats returns what this server has sent, nil while mail is off.
func (r *mailroom) stats() func() mail.Stats {
	if r == nil {
		return nil
	}
	return r.worker.Stats
}

// run sends mail until ctx ends.
func (r *mailroom) run(ctx context.Context, outbox store.Outbox) {
	if r == nil {
		return
	}
	r.warnOfOld(ctx, outbox)
	r.worker.Run(ctx)
}

// staleMail is how long a mail may wait before it is worth a warning.
const staleMail = 15 * time.Minute

// warnOfOld warns of mail that has waited for long, from before the start.
func (r *mailroom) warnOfOld(ctx context.Context, outbox store.Outbox) {
	stats, err := outbox.MailStats(ctx)
	if err != nil || stats.Oldest.IsZero() || time.Since(stats.Oldest) < staleMail {
		return
	}
	r.log.Warn().Int64("waiting", stats.Count[store.MailWaiting]).Time("oldest", stats.Oldest).
		Msg("mail has waited for long; authctl mail list says why")
}

// show shows a message that goes nowhere. Its level is not gated, because it is all there is of it.
func (r *mailroom) show(m mail.Message) {
	line := r.log.always.Info().Str("mail", m.ID.String()).Str("to", m.To).Str("subject", m.Subject)
	if m.Link != "" {
		line.Str("link", m.Link)
	}
	line.Msg("mail that would be sent (mail.url is log:)")
}

// logTry logs one try to send a mail, without its address.
func logTry(log zerolog.Logger, t mail.Try) {
	if t.Sent {
		log.Info().Str("mail", t.ID.String()).Str("kind", string(t.Kind)).Int("tries", t.Tries).Dur("latency_ms", t.Took).Msg("mail sent")
		return
	}
	line := log.Warn().Str("mail", t.ID.String()).Str("kind", string(t.Kind)).Int("tries", t.Tries).
		Str("class", string(t.Class)).Str("step", t.Step).Int("code", t.Code).Str("enhanced", t.Enhanced)
	if t.Reason != "" {
		line.Str("reason", t.Reason)
	}
	if !t.NextAt.IsZero() {
		line.Time("next_at", t.NextAt)
	}
	line.Dur("latency_ms", t.Took).Msg("mail not sent")
}

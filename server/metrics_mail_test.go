package server_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/authctl/authctl/authn/mail"
	"github.com/authctl/authctl/store"
)

// outboxOf is a store whose outbox has these figures.
type outboxOf struct {
	store.Store
	stats store.MailStats
	err   error
}

func (o outboxOf) MailStats(context.Context) (store.MailStats, error) { return o.stats, o.err }

func TestTheMetricsOfMailTellWhatWaitsAndWhatFails(t *testing.T) {
	t.Parallel()
	sent := func() mail.Stats {
		return mail.Stats{Sent: 3, Failed: map[mail.Class]uint64{mail.ClassAuth: 2, mail.ClassTLS: 0}}
	}
	counters := []string{"authctl_mail_sent_total 3", `authctl_mail_failed_total{class="auth"} 2`, `authctl_mail_failed_total{class="tls"} 0`}
	gauges := []string{`authctl_mail_outbox{state="waiting"} 5`, `authctl_mail_outbox{state="dropped"} 0`, "authctl_mail_oldest_waiting_seconds 36"}
	hour := time.Hour
	for name, c := range map[string]struct {
		mail func() mail.Stats
		age  time.Duration
		err  error
		has  []string
		not  []string
	}{
		"with mail":              {sent, hour, nil, append(gauges, counters...), nil},
		"with mail due later":    {sent, -hour, nil, []string{"authctl_mail_oldest_waiting_seconds 0\n"}, nil},
		"without a database":     {sent, hour, errors.New("away"), counters, []string{"authctl_mail_outbox", "authctl_mail_oldest"}},
		"where mail is not sent": {nil, hour, nil, nil, []string{"authctl_mail"}},
	} {
		stats := store.MailStats{Count: map[store.MailState]int64{store.MailWaiting: 5}, Oldest: time.Now().Add(-c.age)}
		f := start(t, func(conf *setup) {
			conf.server.Mail, conf.store = c.mail, outboxOf{openSQLite(t), stats, c.err}
		})
		text := f.metrics(t)
		for _, want := range c.has {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the metrics lack %s", name, want)
			}
		}
		for _, bad := range c.not {
			if strings.Contains(text, bad) {
				t.Errorf("%s: the metrics have %s", name, bad)
			}
		}
	}
}

package server

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/authctl/authctl/authn/mail"
	"github.com/authctl/authctl/store"
)

var (
	mailSent   = prometheus.NewDesc("authctl_mail_sent_total", "Mails that this server has handed to the mail server.", nil, nil)
	mailFailed = prometheus.NewDesc("authctl_mail_failed_total", "Tries of this server to send a mail that did not succeed, by class.", []string{"class"}, nil)
	mailOutbox = prometheus.NewDesc("authctl_mail_outbox", "Mails in the outbox of all servers, by state.", []string{"state"}, nil)
	mailOldest = prometheus.NewDesc("authctl_mail_oldest_waiting_seconds", "Time since the oldest mail that waits was queued, or was due if it was not tried yet; 0 when none waits.", nil, nil)
)

// mailCollector reads the figures of the worker and of the outbox at each scrape. It leaves out those
// of the outbox while the database does not answer.
type mailCollector struct {
	sent   func() mail.Stats
	outbox store.Outbox
	now    func() time.Time
}

// showMail adds metrics of mail.
func (m *metrics) showMail(sent func() mail.Stats, outbox store.Outbox) {
	m.registry.MustRegister(mailCollector{sent, outbox, time.Now})
}

// Describe implements [prometheus.Collector].
func (c mailCollector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{mailSent, mailFailed, mailOutbox, mailOldest} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (c mailCollector) Collect(ch chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, t prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, t, v, labels...)
	}
	worker := c.sent()
	send(mailSent, prometheus.CounterValue, float64(worker.Sent))
	for class, n := range worker.Failed {
		send(mailFailed, prometheus.CounterValue, float64(n), string(class))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	outbox, err := c.outbox.MailStats(ctx)
	if err != nil {
		return
	}
	for _, state := range store.MailStates() {
		send(mailOutbox, prometheus.GaugeValue, float64(outbox.Count[state]), string(state))
	}
	age := 0.0
	if !outbox.Oldest.IsZero() {
		age = max(0, c.now().Sub(outbox.Oldest).Seconds())
	}
	send(mailOldest, prometheus.GaugeValue, age)
}

package server

import (
	"maps"
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/batch"
)

// metrics holds the metrics of the server, the service and the store.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	latency  *prometheus.HistogramVec
	limited  *prometheus.CounterVec
	clients  *prometheus.CounterVec
	refused  prometheus.Counter
	known    atomic.Pointer[map[answered]series]
}

// newMetrics makes a registry of its own, so that several servers can run in one process.
func newMetrics(version string, svc *authn.Service, st store.Store) *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "authctl_http_requests_total",
			Help: "Requests answered, by route pattern, method and status; 499 is a client that hung up.",
		}, []string{"route", "method", "status"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "authctl_http_request_duration_seconds",
			Help:    "Time from a request's headers to the end of its handler, by route pattern.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route"}),
	}
	m.limited = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "authctl_rate_limited_total",
		Help: "Requests refused because their address has made too many, by class.",
	}, []string{"class"})
	m.clients = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "authctl_client_requests_total",
		Help: "Requests that name a client of the setting clients, by its id.",
	}, []string{"client"})
	m.refused = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "authctl_connections_refused_total",
		Help: "Connections closed at once because too many were open, in all or from one address.",
	})
	m.known.Store(&map[answered]series{})
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name:        "authctl_build_info",
		Help:        "Always 1; the labels say what is running.",
		ConstLabels: prometheus.Labels{"version": version, "go_version": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(
		m.requests, m.latency, m.limited, m.clients, m.refused, build,
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		serviceCollector{svc: svc, store: st},
	)
	return m
}

// showCertificate adds a metric of the certificate's expiry.
func (m *metrics) showCertificate(c *certificate) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "authctl_tls_certificate_not_after_timestamp_seconds",
		Help: "When the certificate in use expires, in seconds since the Unix epoch.",
	}, func() float64 { return float64(c.notAfter().Unix()) }))
}

// showConnections adds a metric of the open connections.
func (m *metrics) showConnections(o *openConnections) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "authctl_connections_open",
		Help: "Connections to the public listener that are open.",
	}, func() float64 { return float64(o.count()) }))
}

// LogStats is what became of the lines of the log.
type LogStats struct {
	Lost   uint64        // lines that were not written, because standard error took none
	Waited time.Duration // total time that requests waited because the log's buffer was full
}

// showLog adds metrics of the log.
func (m *metrics) showLog(stats func() LogStats) {
	m.registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "authctl_log_lines_lost_total",
			Help: "Lines of the log that were lost because standard error took none.",
		}, func() float64 { return float64(stats().Lost) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "authctl_log_wait_seconds_total",
			Help: "Time that requests waited because the log's buffer was full.",
		}, func() float64 { return stats().Waited.Seconds() }),
	)
}

// observe counts one answered request. Its labels have a bounded number of values: patterns, known
// methods, statuses.
func (m *metrics) observe(x *exchange, took time.Duration) {
	route := x.route
	if route == "" {
		route = "unmatched"
	}
	of := m.of(answered{route, knownMethod(x.request.Method), x.status})
	of.requests.Inc()
	of.latency.Observe(took.Seconds())
	if x.app != nil {
		m.clients.WithLabelValues(x.app.id).Inc()
	}
}

// answered is the labels of an answered request.
type answered struct {
	route, method string
	status        int
}

// series is where an answered request is counted.
type series struct {
	requests prometheus.Counter
	latency  prometheus.Observer
}

// of returns the series of some labels. It keeps them, because the vectors take longer to find them
// than to count.
func (m *metrics) of(labels answered) series {
	known := m.known.Load()
	if found, ok := (*known)[labels]; ok {
		return found
	}
	added := series{
		m.requests.WithLabelValues(labels.route, labels.method, strconv.Itoa(labels.status)),
		m.latency.WithLabelValues(labels.route),
	}
	more := maps.Clone(*known)
	more[labels] = added
	m.known.CompareAndSwap(known, &more) // a concurrent request may add its own; the next one tries again
	return added
}

func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodHead, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodTrace, http.MethodConnect:
		return method
	default:
		return "other"
	}
}

// serviceCollector reads the figures of the service and the store at each scrape.
type serviceCollector struct {
	svc   *authn.Service
	store store.Store
}

var (
	hashesTotal   = prometheus.NewDesc("authctl_password_hashes_total", "Password hashes completed.", nil, nil)
	hashesRunning = prometheus.NewDesc("authctl_password_hashes_running", "Password hashes under way.", nil, nil)
	hashesWaiting = prometheus.NewDesc("authctl_password_hashes_waiting", "Password hashes waiting in the queue.", nil, nil)
	hashesShed    = prometheus.NewDesc("authctl_password_hashes_shed_total", "Requests refused because the wait for a password hash was, or would be, too long, by purpose.", []string{"purpose"}, nil)
	loginsHeld    = prometheus.NewDesc("authctl_logins_held", "Refused sign-ins whose answer is delayed, so that the time does not tell which accounts exist.", nil, nil)
	hashMemory    = prometheus.NewDesc("authctl_password_hash_memory_bytes", "Memory in use by password hashes.", nil, nil)
	hashBudget    = prometheus.NewDesc("authctl_password_hash_memory_budget_bytes", "Maximum memory for password hashes.", nil, nil)
	hashKept      = prometheus.NewDesc("authctl_password_hash_memory_kept_bytes", "Memory reserved for password hashes, in use or not.", nil, nil)
	hashArgon2    = prometheus.NewDesc("authctl_password_hash_implementation", "1 for the implementation of Argon2 in use.", []string{"name"}, nil)
	hashWorkers   = prometheus.NewDesc("authctl_password_hash_workers", "Maximum number of concurrent password hashes.", nil, nil)
	hashWait      = prometheus.NewDesc("authctl_password_hash_wait_seconds", "How long a password hash waited in the queue, by purpose.", []string{"purpose"}, nil)
	hashRun       = prometheus.NewDesc("authctl_password_hash_run_seconds", "How long a password hash took, by purpose.", []string{"purpose"}, nil)
	throttled     = prometheus.NewDesc("authctl_logins_throttled_total", "Sign-ins refused because too many of the same account have failed.", nil, nil)
	capped        = prometheus.NewDesc("authctl_logins_capped_total", "Sign-ins refused because too many of all accounts have failed.", nil, nil)
	rotations     = prometheus.NewDesc("authctl_token_rotations_total", "Refresh tokens presented, by outcome.", []string{"outcome"}, nil)
	clientTokens  = prometheus.NewDesc("authctl_client_token_requests_total", "Requests of service accounts for an access token, by result: issued, or refused because of the client or its secret.", []string{"result"}, nil)
	feedEntries   = prometheus.NewDesc("authctl_revocation_feed_entries", "Revocations held in memory.", nil, nil)
	feedLag       = prometheus.NewDesc("authctl_revocation_feed_lag_seconds", "Time since the revocation feed was last read.", nil, nil)
	feedContact   = prometheus.NewDesc("authctl_revocation_feed_last_contact_timestamp_seconds", "When the revocation feed was last read, since the Unix epoch.", nil, nil)
	logoutsWait   = prometheus.NewDesc("authctl_logouts_pending", "Logouts that wait until the database answers again.", nil, nil)
	clockAhead    = prometheus.NewDesc("authctl_database_clock_difference_seconds", "How far this server's clock is ahead of the database's, or behind it if negative; a difference that a round trip explains is left out.", nil, nil)
	poolMax       = prometheus.NewDesc("authctl_db_connections_max", "Maximum number of database connections in the pool.", nil, nil)
	poolOpen      = prometheus.NewDesc("authctl_db_connections_open", "Database connections that are open.", nil, nil)
	poolInUse     = prometheus.NewDesc("authctl_db_connections_in_use", "Database connections that are executing something.", nil, nil)
	poolWaits     = prometheus.NewDesc("authctl_db_connection_waits_total", "Times a caller had to wait for a database connection.", nil, nil)
	poolWaitTime  = prometheus.NewDesc("authctl_db_connection_wait_seconds_total", "Time that callers spent waiting for a database connection.", nil, nil)
	batchSize     = prometheus.NewDesc("authctl_db_batch_size", "Changes that were carried out together, in one statement or one transaction; 1 for one that found nothing under way.", nil, nil)
	batchWait     = prometheus.NewDesc("authctl_db_batch_wait_seconds", "Time that a change waited for those that were under way before it.", nil, nil)
)

// Describe implements [prometheus.Collector]: the metrics are those that Collect sends.
func (c serviceCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements [prometheus.Collector].
func (c serviceCollector) Collect(ch chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, t prometheus.ValueType, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, t, v, labels...)
	}
	collectHashes(ch, send, c.svc.HashStats())
	send(capped, prometheus.CounterValue, float64(c.svc.Capped()))
	send(throttled, prometheus.CounterValue, float64(c.svc.Throttled()))
	for outcome, n := range c.svc.RotationStats() {
		send(rotations, prometheus.CounterValue, float64(n), outcome.String())
	}
	issued, refused := c.svc.ClientTokens()
	send(clientTokens, prometheus.CounterValue, float64(issued), "issued")
	send(clientTokens, prometheus.CounterValue, float64(refused), "refused")
	feed := c.svc.Cluster.FeedStats()
	send(feedEntries, prometheus.GaugeValue, float64(feed.Entries))
	if !feed.Contact.IsZero() { // the feed was read at least once
		send(feedLag, prometheus.GaugeValue, feed.Lag.Seconds())
		send(feedContact, prometheus.GaugeValue, float64(feed.Contact.UnixMilli())/1000)
	}
	send(logoutsWait, prometheus.GaugeValue, float64(c.svc.Cluster.CountPendingLogouts()))
	if ahead, known := c.svc.Cluster.ClockDifference(); known {
		send(clockAhead, prometheus.GaugeValue, ahead.Seconds())
	}
	pool := c.store.Stats()
	send(poolMax, prometheus.GaugeValue, float64(pool.Max))
	send(poolOpen, prometheus.GaugeValue, float64(pool.Open))
	send(poolInUse, prometheus.GaugeValue, float64(pool.InUse))
	send(poolWaits, prometheus.CounterValue, float64(pool.Waits))
	send(poolWaitTime, prometheus.CounterValue, pool.WaitFor.Seconds())
	ch <- batchHistogram(batchSize, pool.Batches.Size)
	ch <- batchHistogram(batchWait, pool.Batches.Wait)
}

func collectHashes(ch chan<- prometheus.Metric, send func(*prometheus.Desc, prometheus.ValueType, float64, ...string), hashes hashing.Stats) {
	send(hashesTotal, prometheus.CounterValue, float64(hashes.Run))
	send(hashesRunning, prometheus.GaugeValue, float64(hashes.Running))
	send(hashesWaiting, prometheus.GaugeValue, float64(hashes.Waiting))
	send(loginsHeld, prometheus.GaugeValue, float64(hashes.Held))
	send(hashMemory, prometheus.GaugeValue, float64(hashes.Memory))
	send(hashKept, prometheus.GaugeValue, float64(hashes.Kept))
	send(hashArgon2, prometheus.GaugeValue, 1, hashes.Implementation)
	send(hashBudget, prometheus.GaugeValue, float64(hashes.Budget.Memory))
	send(hashWorkers, prometheus.GaugeValue, float64(hashes.Budget.Workers))
	for purpose, times := range hashes.By {
		send(hashesShed, prometheus.CounterValue, float64(times.Shed), string(purpose))
		ch <- histogram(hashWait, times.Wait, string(purpose))
		ch <- histogram(hashRun, times.Run, string(purpose))
	}
}

func histogram(d *prometheus.Desc, h hashing.Histogram, labels ...string) prometheus.Metric {
	buckets := make(map[float64]uint64, len(h.Buckets))
	for bound, n := range h.Buckets {
		buckets[bound.Seconds()] = n
	}
	return prometheus.MustNewConstHistogram(d, h.Count, h.Sum.Seconds(), buckets, labels...)
}

func batchHistogram(d *prometheus.Desc, h batch.Histogram) prometheus.Metric {
	return prometheus.MustNewConstHistogram(d, h.Count, h.Sum, h.Buckets())
}

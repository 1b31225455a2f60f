package integration_test

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/app"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/notify"
	"github.com/tablehaul/tablehaul/internal/process"
)

// monitored is a worker that tells of itself.
type monitored struct {
	p    *product
	log  *overheard
	base string // URL of its metrics
	stop context.CancelFunc
	done chan error
}

// startMonitored runs a worker with the configuration as it is, which has more YAML at its
// top level; it ends with the test, or before.
func (p *product) startMonitored(more string) *monitored {
	p.t.Helper()
	text, err := os.ReadFile(p.config())
	require.NoError(p.t, err)
	env := func(name string) string {
		if name == "TEMPORAL_ADDRESS" {
			return p.temporal.Address
		}
		return os.Getenv(name)
	}
	cfg, err := config.Load(strings.NewReader(string(text)+"metrics: { listen: \"127.0.0.1:0\" }\n"+more), env)
	require.NoError(p.t, err)
	m := &monitored{p: p, log: &overheard{}, done: make(chan error, 1)}
	monitor, err := app.NewMonitor(cfg.Metrics)
	require.NoError(p.t, err)
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	ready := make(chan struct{})
	log := slog.New(slog.NewJSONHandler(m.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	go func() {
		m.done <- app.RunWorker(ctx, app.WorkerOptions{
			Config: cfg, Getenv: env, TaskQueue: p.queue, Log: log, Monitor: monitor, Ready: func() { close(ready) },
		})
	}()
	select {
	case <-ready:
	case err := <-m.done:
		p.t.Fatalf("the worker did not start: %v", err)
	}
	m.base = "http://" + monitor.Address()
	p.t.Cleanup(m.end)
	return m
}

// end stops the worker, once.
func (m *monitored) end() {
	m.stop()
	if m.done != nil {
		require.NoError(m.p.t, <-m.done)
		m.done = nil
	}
}

func (m *monitored) get(path string) (int, string) {
	m.p.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, m.base+path, nil)
	require.NoError(m.p.t, err)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	require.NoError(m.p.t, err)
	return answer.StatusCode, string(body)
}

// A page is the text of /metrics at one time.
type page struct {
	t    *testing.T
	text string
}

// scrape reads /metrics.
func (m *monitored) scrape() page {
	m.p.t.Helper()
	code, text := m.get("/metrics")
	require.Equal(m.p.t, http.StatusOK, code)
	return page{m.p.t, text}
}

// A series is a metric's name and labels, the latter as the page has them.
type series struct{ name, labels string }

// samples are the page's series and their values.
func (p page) samples() iter.Seq2[series, string] {
	return func(yield func(series, string) bool) {
		for line := range strings.Lines(p.text) {
			line = strings.TrimRight(line, "\n")
			i := strings.LastIndex(line, " ")
			if i < 0 || line[0] == '#' {
				continue
			}
			name, labels, _ := strings.Cut(line[:i], "{")
			if !yield(series{name, labels}, line[i+1:]) {
				return
			}
		}
	}
}

// value is the sum of the samples of a metric whose labels hold all of parts, and how many there are.
func (p page) value(name string, parts ...string) (sum float64, n int) {
	p.t.Helper()
	for s, value := range p.samples() {
		if s.name != name || slices.ContainsFunc(parts, func(part string) bool {
			return !strings.Contains(s.labels, part)
		}) {
			continue
		}
		v, err := strconv.ParseFloat(value, 64)
		require.NoError(p.t, err)
		sum, n = sum+v, n+1
	}
	return sum, n
}

// the is the sum of the samples of a metric that is there.
func (p page) the(name string, parts ...string) float64 {
	p.t.Helper()
	sum, n := p.value(name, parts...)
	require.Positive(p.t, n, "%s %v is not there", name, parts)
	return sum
}

func (p page) require(want float64, name string, parts ...string) {
	p.t.Helper()
	require.InDelta(p.t, want, p.the(name, parts...), 1e-9, "%s %v", name, parts)
}

// lines are the log's, decoded.
func (m *monitored) lines() []map[string]any {
	m.p.t.Helper()
	var out []map[string]any
	for line := range strings.Lines(m.log.String()) {
		var fields map[string]any
		require.NoError(m.p.t, json.Unmarshal([]byte(line), &fields), line)
		out = append(out, fields)
	}
	return out
}

// receiver is a webhook with a secret, which can be down.
type receiver struct {
	t       *testing.T
	address string
	secret  string
	server  *http.Server

	mu       sync.Mutex
	messages []notify.Message
	bodies   []string
	refuse   int // so many requests are answered with 503
	refused  int
}

func startReceiver(t *testing.T, secret string) *receiver {
	port, err := process.FreePort() // below those of clients: none takes it between down and up
	require.NoError(t, err)
	r := &receiver{t: t, secret: secret, address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	r.up()
	t.Cleanup(r.down)
	return r
}

// up listens, at the same address as before where there was one.
func (r *receiver) up() {
	r.t.Helper()
	var l net.Listener
	require.Eventually(r.t, func() (ok bool) {
		var err error
		l, err = net.Listen("tcp", r.address)
		return err == nil
	}, timeout, poll)
	r.address = l.Addr().String()
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: time.Second}
	go func(s *http.Server) { _ = s.Serve(l) }(r.server)
}

func (r *receiver) down() { _ = r.server.Close() }

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	var m notify.Message
	switch {
	case err != nil || q.Method != http.MethodPost || json.Unmarshal(body, &m) != nil || m.Text == "":
		w.WriteHeader(http.StatusBadRequest)
	case q.Header.Get("X-Hook-Secret") != r.secret:
		w.WriteHeader(http.StatusForbidden)
	case r.refuse > 0:
		r.refuse--
		r.refused++
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		r.messages, r.bodies = append(r.messages, m), append(r.bodies, string(body))
	}
}

func (r *receiver) events() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []string{}
	for _, m := range r.messages {
		out = append(out, m.Fields.Event)
	}
	return out
}

// requireEvents waits for the last of the events, and wants no other.
func (r *receiver) requireEvents(want ...string) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return len(r.events()) >= len(want) }, timeout, poll, "got %v, want %v",
		r.events(), want)
	require.Equal(r.t, want, r.events())
}

func (r *receiver) notifications() string {
	return `notifications: { webhook: "http://` + r.address + `/hook/sentinel-path", header: X-Hook-Secret, secret: "` +
		r.secret + "\" }\n"
}

func sortedKeys(m map[string]bool) []string { return slices.Sorted(maps.Keys(m)) }

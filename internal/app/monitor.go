package app

import (
	"errors"
	"fmt"
	"log/slog"

	promexporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/opentelemetry"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/metrics"
)

// A Monitor is what a worker tells of itself by HTTP: its metrics and its health. One whose
// configuration names no address counts nothing.
type Monitor struct {
	metrics *metrics.Metrics // nil where metrics are off
	ready   *metrics.Ready
	listen  string
	sdk     client.MetricsHandler
	server  *metrics.Server
}

// sdkBuckets are the bounds, in seconds, of the SDK's histograms: from a poll that is answered
// at once to a step of hours.
var sdkBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200}

// NewMonitor makes the monitor that a configuration asks for.
func NewMonitor(c config.Metrics) (*Monitor, error) {
	m := &Monitor{ready: &metrics.Ready{}, listen: c.Listen, sdk: client.MetricsNopHandler}
	if c.Listen == "" {
		return m, nil
	}
	m.metrics = metrics.New(m.ready)
	exporter, err := promexporter.New(promexporter.WithRegisterer(m.metrics.Registerer()),
		promexporter.WithoutScopeInfo(), promexporter.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("metrics of the Temporal SDK: %w", err)
	}
	provider := metric.NewMeterProvider(metric.WithReader(exporter),
		metric.WithView(metric.NewView(metric.Instrument{Kind: metric.InstrumentKindHistogram},
			metric.Stream{Aggregation: metric.AggregationExplicitBucketHistogram{Boundaries: sdkBuckets}})))
	m.sdk = opentelemetry.NewMetricsHandler(opentelemetry.MetricsHandlerOptions{
		Meter: provider.Meter("temporal-sdk-go"), UseMonotonicCounters: true,
		OnError: func(error) {}, // a metric that cannot be made is not there; a run goes on
	})
	return m, nil
}

// TemporalMetrics is the handler that a Temporal client of this worker is made with, so that
// the SDK's own metrics are among the worker's.
func (m *Monitor) TemporalMetrics() client.MetricsHandler { return m.sdk }

// Address is where the monitor listens; empty where it does not.
func (m *Monitor) Address() string {
	if m.server == nil {
		return ""
	}
	return m.server.Address()
}

// expected is what metrics show of a table's configuration.
func expected(t config.Table) metrics.Expected {
	return metrics.Expected{
		StaleAfter: t.StaleAfter, StaleByDefault: t.StaleByDefault, VerifyEvery: t.Verify.Every.Longest(),
	}
}

// start begins to answer, with the tables that cfg names. Where it names no address, it does nothing.
func (m *Monitor) start(cfg *config.Config, log *slog.Logger) error {
	if m.listen == "" {
		return nil
	}
	for _, t := range cfg.Tables() {
		m.metrics.Know(t.Name.String(), expected(t))
	}
	server, err := metrics.Serve(m.listen, m.metrics)
	if err != nil {
		return err
	}
	m.server = server
	log.Info("metrics served", "address", server.Address(), "paths", "/metrics /livez /readyz")
	return nil
}

func (m *Monitor) stop() {
	if m.server != nil {
		_ = m.server.Close() // the process ends
	}
}

var (
	errDraining   = errors.New("draining: running steps end, no new ones are taken")
	errNotPolling = errors.New("no poll of this worker has reached Temporal yet")
)

// Package metrics holds what a worker counts and measures of its own work, and serves it to
// Prometheus, together with the answers to "do you live" and "are you ready".
//
// It owns names, units and labels; docs/monitoring.md lists them. It knows neither Temporal nor MySQL. Its one
// invariant: the number of series is bounded, by any names of tables and however many there are.
package metrics

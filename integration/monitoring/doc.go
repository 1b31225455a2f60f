// Package monitoring knows the rules, alerts and dashboard of docs/monitoring, and promtool,
// which checks them. What they name is compared with what a worker exports by the tests of
// integration.
package monitoring

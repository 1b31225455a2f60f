// Package scene brings up what the demo and the benchmarks play on: two database servers, a
// Temporal server, the worker binary as people run it, and a table of orders with its writers.
package scene

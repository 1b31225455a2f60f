// Package devserver finds or starts the Temporal server that tests, the demo and the benchmarks run against,
// and finds or builds the official temporal command line.
//
// TEMPORAL_ADDRESS wins where it is set; else the project's own tablehaul-standalone runs as a subprocess, without its
// worker, on free ports and with its data in a temporary folder. Both programs are built on first use. The standalone
// server is a Go module of its own and this package does not import it: only its command line is known here.
//
// The package's one invariant: a server that it started dies with this process.
package devserver

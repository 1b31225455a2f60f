// Package wire dials a server, and closes a connection whose peer is silent for too long. It owns
// timeouts, keepalive probes and socket options.
//
// Of the MySQL protocol it knows one thing: the rows of a SELECT can be read past the driver, which allocates for each
// value. The driver sees such an answer without its rows.
//
// Its one invariant: no read and no write waits longer than the timeout of its statement.
package wire

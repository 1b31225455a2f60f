// Package wire dials a server, and closes a connection whose peer is silent for too long. It owns
// timeouts, keepalive probes and socket options. It knows nothing of the MySQL protocol.
//
// Its one invariant: no read and no write waits longer than the timeout of its statement.
package wire

// Package proxy is a TCP proxy for tests that is between the worker and a server,
// and does to their connections what networks do: cut, hang, delay, slice, slow down, lose the
// reply of one statement.
//
// It reads what clients send to MySQL as packets, just enough to see the text of a query, and passes
// everything else on as bytes; so it does with all that is sent to other servers. Its one invariant: what it
// passes on is exactly what it got, in order; it loses bytes only where a test asked for it, and then the
// connection goes too.
package proxy

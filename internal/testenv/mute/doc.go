// Package mute is a server that answers at once, for benchmarks of our own work. It has one table, Orders.
//
// It owns that server and its rows. It measures nothing, and no test of a promise uses it. Its one invariant: what a
// benchmark spends is the time of the code that it calls, since the server waits for nothing.
package mute

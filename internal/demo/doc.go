// Package demo is the stage of `tablehaul demo`: two private database servers with a table of a shop, a Temporal server
// with a worker, and clients that change rows meanwhile.
//
// Its one invariant: all of it is on 127.0.0.1 and below one temporary folder, and ends with this process.
package demo

// Package sealed lets a worker answer one command line in a way that no one else can read.
//
// An answer of a worker is a workflow's result, which a history keeps, and values of rows must not be there. So the
// command line makes a key pair for one question, and a worker encrypts the answer for it. The private key never
// leaves the command line's memory. What stays in the history is readable by no one, later either.
//
// It owns the encryption (RFC 9180, with a key exchange that quantum computers do not break), and nothing of what is
// in an answer.
package sealed

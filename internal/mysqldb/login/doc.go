// Package login logs in to a server. It owns what a process knows of an account: that the server has refused its
// secret, how many connections the server allows it, and which pools share them. It sends no statement.
//
// Its one invariant: a secret that a server has refused is tried by one connection, and not again before its pause
// ends.
package login

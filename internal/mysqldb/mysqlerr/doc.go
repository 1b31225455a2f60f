// Package mysqlerr turns the error of a server, the driver or the network into a class: what to do about it, and the text that is safe to
// show. It reads nothing from a server. Its invariant: a text that Safe returns holds no value of a row and no secret of a DSN.
package mysqlerr

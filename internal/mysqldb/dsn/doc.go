// Package dsn turns a DSN and the TLS settings beside it into the driver's configuration. It owns
// what a DSN may hold, and the TLS modes. It opens no connection.
//
// Its one invariant: no error holds a piece of the DSN, which may be a piece of the password.
package dsn

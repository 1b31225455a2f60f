package mysqldb

import (
	"context"
	"database/sql/driver"

	"github.com/tablehaul/tablehaul/internal/mysqldb/login"
)

// OthersPresent is OtherTrafficActive, for tests.
func OthersPresent(ctx context.Context, d *DB) bool { return d.OtherTrafficActive(ctx) }

// TakeTurn takes the read slot, and returns the function that releases it.
func TakeTurn(d *DB) (back func()) {
	d.readSlot <- struct{}{}
	return func() { <-d.readSlot }
}

// ConnectKnowing opens a connection as a pool does that has met such a server at the address before. It returns what
// the pool knows of the server then.
func ConnectKnowing(ctx context.Context, text string, role Role, known Server) (driver.Conn, Server, error) {
	first, err := newAccount(text, Options{Role: role})
	if err != nil {
		return nil, Server{}, err
	}
	c := &connector{
		driver: first.Driver(), role: role, traffic: &otherTraffic{}, instances: &instances{},
		login: login.New(first, nil),
	}
	c.server.Store(&known)
	conn, err := c.Connect(ctx)
	return conn, *c.server.Load(), err
}

package mysqldb

import (
	"errors"
	"sync"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// ErrOtherServer is returned where a statement reached another server than the caller expects: after
// a failover, or where several servers have one address.
var ErrOtherServer = errors.New("the connection leads to another server than before")

// Instance is the server that the connections of a pool lead to.
type Instance struct {
	// Digest stands for the server's own id, host name and port, in 12 hexadecimal digits.
	Digest string
	// Changes counts how often a new connection has led to another server than the one before it.
	Changes int64
}

// Instance is the server of the newest connection. Connections that lead to another one are closed
// before they are used again, so that statements sent between two equal answers reached one server.
func (d *DB) Instance() Instance { return d.instances.get() }

// instances follows a pool from server to server.
type instances struct {
	mu  sync.Mutex
	now Instance
}

func (i *instances) get() Instance {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.now
}

// connected records where a new connection leads.
func (i *instances) connected(digest string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.now.Digest == digest {
		return
	}
	if i.now.Digest != "" {
		i.now.Changes++
	}
	i.now.Digest = digest
}

// instanceSQL is the digest of Instance as an expression of a statement. A server's id alone is
// cloned together with its data folder.
func instanceSQL(f Flavor) string {
	id := "@@server_uuid"
	if f == FlavorMariaDB {
		id = "@@server_id"
	}
	return "LEFT(SHA2(CONCAT_WS(' ', " + id + ", @@hostname, @@port), 256), 12)"
}

// InstanceGuardSQL is a condition that is true on the server of the digest, and an error (1242) on any other. A server
// computes it once for a statement. It is part of each statement, since a proxy may send each one to another server.
func InstanceGuardSQL(f Flavor, digest string) string {
	return "IF(" + instanceSQL(f) + " = '" + digest + "', 1, (SELECT 1 UNION SELECT 2))"
}

// AsOtherServer turns the error of [InstanceGuardSQL] into ErrOtherServer.
func AsOtherServer(err error) error {
	if mysqlerr.NumberOf(err) == mysqlerr.ErrSubqueryRows {
		return ErrOtherServer
	}
	return err
}

// InstanceSQL is an expression for the digest of the server that evaluates it; see Instance.
func (d *DB) InstanceSQL() string { return instanceSQL(d.Server.Flavor) }

package source_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// stamped makes the table t of dbtest.Stamped in a schema of its own. admin is a client of the source, db our pool.
func stamped(t *testing.T, s *servers.Server) (schemaName string, admin *sql.DB, db *mysqldb.DB, tbl *schema.Table) {
	t.Helper()
	schemaName = s.Schema(t)
	admin = s.DB(t, schemaName)
	dbtest.Exec(t, admin, dbtest.Stamped)
	db = dbtest.Open(t, s, mysqldb.Options{Name: "src"})
	return schemaName, admin, db, dbtest.Introspect(t, db, schemaName, "t")
}

// insertThatWaits sends an INSERT into t, which another session has locked, and returns when it has waited for four
// seconds. done gets its error.
func insertThatWaits(t *testing.T, admin *sql.DB, writer *sql.Conn) (done chan error) {
	t.Helper()
	done = make(chan error, 1)
	go func() {
		_, err := writer.ExecContext(context.WithoutCancel(t.Context()), "INSERT INTO t () VALUES ()")
		done <- err
	}()
	dbtest.WaitUntil(t, admin,
		"SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'INSERT INTO t%' AND time >= 4")
	return done
}

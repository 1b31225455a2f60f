package dbtest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// WithGrants is a pool of a login that may do only this.
func WithGrants(t *testing.T, s *servers.Server, user string, grants ...string) *mysqldb.DB {
	t.Helper()
	admin := s.DB(t, "")
	Exec(t, admin, "CREATE USER "+user+"@'%' IDENTIFIED BY 'pw'")
	t.Cleanup(func() { _, _ = admin.ExecContext(context.WithoutCancel(t.Context()), "DROP USER "+user+"@'%'") })
	for _, g := range grants {
		Exec(t, admin, "GRANT "+g+" TO "+user+"@'%'")
	}
	db, err := mysqldb.Open(t.Context(), user+":pw@tcp("+s.Addr()+")/", mysqldb.Options{Name: "few grants"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

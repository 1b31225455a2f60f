package dbtest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Forgetful opens a pool behind a proxy. Its DSN makes the limit of silence one second; without
// it, the limits are SilenceLimit and WorkReadTime.
func Forgetful(t *testing.T, s *servers.Server, role mysqldb.Role) (*mysqldb.DB, *proxy.Proxy) {
	t.Helper()
	p := proxy.Start(t, s.Addr())
	dsn := p.DSN(s.DSN(""))
	join := "?"
	if strings.Contains(dsn, "?") {
		join = "&"
	}
	db, err := mysqldb.Open(t.Context(), dsn+join+"readTimeout=1s", mysqldb.Options{Name: "shop", Role: role})
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db, p
}

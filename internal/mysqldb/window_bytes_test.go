package mysqldb_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/servers"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// MySQL converts the text of every running statement for its list of transactions, and fails
// where it holds bytes that are no text. A window waits for the statement's end.
func TestAStatementWithBytesDoesNotEndAWindow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, servers.Private(t, s.Flavor), "(id INT PRIMARY KEY, updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6))")
		w.exec("INSERT INTO t (id) VALUES (1)")
		conn, err := w.raw.Conn(t.Context())
		require.NoError(t, err)
		defer func() { require.NoError(t, conn.Close()) }()
		_, err = conn.ExecContext(t.Context(), "SET NAMES binary")
		require.NoError(t, err)
		done := make(chan error, 1)
		go func() {
			_, err := conn.ExecContext(t.Context(), "UPDATE t SET id = 2 + SLEEP(1) WHERE '\xff\xfe\x80' <> ''")
			done <- err
		}()
		time.Sleep(200 * time.Millisecond)
		_, err = w.db.CheckSource(t.Context(), w.spec.Target, mysqldb.SourceCheck{Cursor: "updated_at"})
		require.NoError(t, err)
		require.NoError(t, <-done)
	})
}

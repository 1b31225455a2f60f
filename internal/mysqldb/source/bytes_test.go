package source_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// MySQL converts the text of every running statement for its list of transactions, and fails
// where it holds bytes that are no text. A window waits for the statement's end.
func TestAStatementWithBytesDoesNotEndAWindow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(
			t,
			servers.Private(t, s.Flavor),
			"(id INT PRIMARY KEY, updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6))",
		)
		w.Exec("INSERT INTO t (id) VALUES (1)")
		conn, err := w.Raw.Conn(t.Context())
		require.NoError(t, err)
		defer func() { require.NoError(t, conn.Close()) }()
		_, err = conn.ExecContext(t.Context(), "SET NAMES binary")
		require.NoError(t, err)
		var id uint64
		require.NoError(t, conn.QueryRowContext(t.Context(), "SELECT CONNECTION_ID()").Scan(&id))
		gate := dbtest.Session(t, w.Raw)
		dbtest.Run(t, gate, "DO GET_LOCK('w', 0)")
		done := make(chan error, 1)
		go func() {
			const update = "UPDATE t SET id = 1 + GET_LOCK('w', 60) WHERE '\xff\xfe\x80' <> ''"
			_, err := conn.ExecContext(t.Context(), update)
			done <- err
		}()
		asleep := "information_schema.processlist WHERE id = %d AND state = 'User lock'"
		if s.Flavor == servers.FlavorMySQL { // whose process list is as unreadable
			asleep = "performance_schema.threads WHERE processlist_id = %d AND processlist_state = 'User lock'"
		}
		dbtest.WaitUntil(t, w.Raw, fmt.Sprintf("SELECT COUNT(*) FROM "+asleep, id))
		checked := make(chan error, 1)
		go func() {
			_, err := source.New(w.Db).Check(t.Context(), w.Spec.Target, source.CheckSpec{Cursor: "updated_at"})
			checked <- err
		}()
		select {
		case err = <-checked: // MariaDB shows such a statement
			dbtest.Run(t, gate, "DO RELEASE_LOCK('w')")
		case <-time.After(time.Second):
			dbtest.Run(t, gate, "DO RELEASE_LOCK('w')")
			err = <-checked
		}
		require.NoError(t, err)
		require.NoError(t, <-done)
	})
}

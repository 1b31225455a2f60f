package integration_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// old dates all rows of t in the past, so that the first run takes them.
const old = "UPDATE t SET updated_at = '2024-01-01 00:00:00' + INTERVAL id SECOND"

// stamp is the exact cursor of a row as the product prints it.
const stamp = "SELECT CAST(CONVERT_TZ(updated_at, @@session.time_zone, '+00:00') AS CHAR) FROM t WHERE id = "

// A transaction that stays open across runs keeps the watermark below what it wrote.
func TestAnOpenTransactionIsWaitedFor(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare})
		exec(t, p.src, createT, insertT(1, 100), old)
		p.sync("t")

		writer := session(t, p.src)
		say(t, writer, "SET time_zone = '+00:00'", "BEGIN", insertT(1000, 1000), "UPDATE t SET n = -1 WHERE id = 7")
		var wrote, thread string
		require.NoError(t, writer.QueryRowContext(t.Context(),
			"SELECT MIN(updated_at), CONNECTION_ID() FROM t WHERE id IN (7, 1000)").Scan(&wrote, &thread))
		exec(t, p.src, insertT(1001, 1001)) // a younger row is committed first
		require.Less(t, p.once("t").Watermark, wrote)
		holds(t, p.src, "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_rows_modified > 0 AND "+
			"TIMESTAMPDIFF(SECOND, trx_started, NOW()) >= 4")
		r := p.once("t")
		require.Less(t, r.Watermark, wrote)
		require.Contains(t, r.HeldBack, "an open transaction")
		require.Contains(t, r.HeldBack, "of connection "+thread)
		require.Equal(t, r.HeldBack, p.state("t").HeldBack, "where people look")
		begun, err := time.Parse("2006-01-02 15:04:05.999999", wrote)
		require.NoError(t, err)
		require.GreaterOrEqual(t, p.state("t").HeldBackSeconds, 4.0)
		require.False(t, p.state("t").FreshAt.After(begun), "the target lacks what was written then")

		say(t, writer, "COMMIT")
		require.Empty(t, p.settled("t").HeldBack)
		p.equal("t", []string{"id"}, columnsT...)
		require.Empty(t, p.state("t").HeldBack)
		require.Zero(t, p.state("t").HeldBackSeconds)
		require.True(t, p.state("t").FreshAt.After(begun))
	})
}

// An INSERT that waits for a metadata lock has taken its time already, and no transaction
// shows it.
func TestAnInsertBehindAMetadataLockIsNotLost(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare})
		exec(t, p.src, createT, insertT(1, 100), old)
		p.sync("t")

		locker, writer := session(t, p.src), session(t, p.src)
		say(t, locker, "LOCK TABLES t READ")
		wrote := make(chan error, 1)
		go func() {
			_, err := writer.ExecContext(t.Context(), insertT(1000, 1000))
			wrote <- err
		}()
		holds(t, p.src, "SELECT COUNT(*) FROM information_schema.processlist WHERE state LIKE '%metadata lock%' AND "+
			"time >= 2")
		var marks []string
		for range 3 {
			marks = append(marks, p.once("t").Watermark)
		}
		say(t, locker, "UNLOCK TABLES")
		require.NoError(t, <-wrote)
		stamped := scalar(t, p.src, stamp+"1000")
		for _, mark := range marks {
			require.Less(t, mark, stamped)
		}
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
	})
}

// A prepared XA transaction belongs to no connection any more, and may still commit.
func TestAPreparedTransactionPinsTheWatermark(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare})
		exec(t, p.src, createT, insertT(1, 100), old)
		p.sync("t")

		xid := "'" + p.from + "'"
		coordinator := session(t, p.src)
		say(t, coordinator, "XA START "+xid, insertT(1000, 1000), "XA END "+xid, "XA PREPARE "+xid)
		t.Cleanup(func() { // or it would hold up every later test on this server
			_, _ = p.src.ExecContext(context.WithoutCancel(t.Context()), "XA ROLLBACK "+xid)
		})
		leave(coordinator)
		exec(t, p.src, insertT(1001, 1001))
		r := p.once("t")
		require.Contains(t, r.HeldBack, "a prepared XA transaction")
		require.Equal(t, r.HeldBack, p.state("t").HeldBack)

		exec(t, p.src, "XA COMMIT "+xid)
		stamped := scalar(t, p.src, stamp+"1000")
		require.Less(t, r.Watermark, stamped)
		p.settled("t")
		p.equal("t", []string{"id"}, columnsT...)
	})
}

const createSeconds = `CREATE TABLE t (
  id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  n INT NULL,
  updated_at DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  KEY by_update (updated_at)
)`

// insertMany is one INSERT of n rows, all of one moment.
func insertMany(n int) string {
	return "INSERT INTO t (n) VALUES " + strings.TrimSuffix(strings.Repeat("(1),", n), ",")
}

func TestTenThousandRowsOfOneSecondArriveOnce(t *testing.T) {
	servers.Some(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare, defaults: ", tuning: { pageRows: 1000, chunkRows: 2500 }"})
		exec(t, p.src, createSeconds, "INSERT INTO t (n, updated_at) VALUES (0, '2024-01-01')")
		p.sync("t")
		exec(t, p.src, insertMany(10_000))
		var extracted, inserted int64
		for inserted < 10_000 {
			r := p.once("t")
			require.Equal(t, api.ModeIncremental, r.Mode)
			extracted += r.RowsExtracted
			inserted += r.Inserted
		}
		require.EqualValues(t, 10_000, extracted, "each row is read once")
		p.equal("t", []string{"id"}, "n", "updated_at")
	})
}

// Rows go on being written in the very second in which a run reads.
func TestRowsOfTheSameSecondAfterARunAreNotLost(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, tables: bare})
		exec(t, p.src, createSeconds, "INSERT INTO t (n, updated_at) VALUES (0, '2024-01-01')")
		p.sync("t")
		same := 0
		for range 6 {
			exec(t, p.src, insertMany(1))
			first := scalar(t, p.src, "SELECT MAX(updated_at) FROM t")
			require.Less(t, p.once("t").Watermark, scalar(t, p.src, "SELECT NOW()"))
			exec(t, p.src, insertMany(1))
			if first == scalar(t, p.src, "SELECT MAX(updated_at) FROM t") {
				same++
			}
		}
		t.Logf("%d of 6 runs lay between two rows of one second", same)
		p.settledLocal("t")
		p.equal("t", []string{"id"}, "n", "updated_at")
	})
}

// A row dated far ahead is not followed: later rows flow, and it comes once it is mended.
func TestARowOfTheFutureHoldsNothingUp(t *testing.T) {
	t.Parallel()
	for name, atFirst := range map[string]bool{"there at the first load": true, "written later": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			servers.Some(t, func(t *testing.T, s *servers.Server) {
				p := start(t, options{source: s, tables: bare})
				exec(t, p.src, createSeconds, "INSERT INTO t (id, n, updated_at) VALUES (1, 0, '2024-01-01')")
				ahead := "INSERT INTO t (id, n, updated_at) VALUES (2, 0, '2099-01-01') ON DUPLICATE KEY UPDATE " +
					"updated_at = '2099-01-01'"
				if atFirst {
					exec(t, p.src, ahead)
				} else {
					exec(t, p.src, "INSERT INTO t (id, n, updated_at) VALUES (2, 0, '2024-01-02')")
				}
				first := p.sync("t")
				exec(t, p.src, ahead, insertMany(10))
				r := p.settledLocal("t")
				require.Contains(t, strings.Join(r.Warnings, "\n"), "1 row has a updated_at in the future")
				require.Less(t, first.Watermark, "2099")
				require.Less(t, r.Watermark, "2099")
				require.Equal(t, fmt.Sprint(11), scalar(t, p.dst, "SELECT COUNT(*) FROM t WHERE id <> 2"),
					"later rows flow")

				exec(t, p.src, "UPDATE t SET n = 7, updated_at = NOW() WHERE id = 2")
				p.settledLocal("t")
				p.equal("t", []string{"id"}, "n", "updated_at")
			})
		})
	}
}

package upsert_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestUpsertNamesTheUniqueKeyAnotherRowHolds(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(
			t, s, "(id INT PRIMARY KEY, email VARCHAR(40), n INT, UNIQUE mail_once (email), UNIQUE n_once (n))",
		)
		w.Wrote(2, 0, 0, dbtest.Row(1, "s3cret-a", 1), dbtest.Row(2, "s3cret-b", 2))
		for name, rows := range map[string][][]any{
			"another row's value under a new key": {dbtest.Row(5, "x", 5), dbtest.Row(6, "s3cret-a", 6)},
			"two values swapped":                  {dbtest.Row(1, "s3cret-b", 1), dbtest.Row(2, "s3cret-a", 2)},
			"an update onto another row's value":  {dbtest.Row(1, "s3cret-b", 1)},
		} {
			_, err := w.Upsert(rows...)
			require.Error(t, err, name)
			require.True(t, upsert.IsUniqueConflict(err), name)
			require.True(t, mysqlerr.IsPermanent(err), name)
			require.ErrorContains(t, err, "column email, key mail_once", name)
			require.NotContains(t, err.Error(), "s3cret", name)
			key := upsert.KeyHash([][]byte{[]byte(fmt.Sprint(rows[len(rows)-1][0]))})
			if name == "two values swapped" {
				key = upsert.KeyHash([][]byte{[]byte("1")})
			}
			require.ErrorContains(t, err, key, name)
			w.Holds("SELECT * FROM t ORDER BY id", "1|s3cret-a|1", "2|s3cret-b|2")
		}
		// A value may pass from one row to another within a chunk, where the giving row comes first.
		w.Wrote(1, 1, 0, dbtest.Row(1, "free", 1), dbtest.Row(3, "s3cret-a", 3))
	})
}

func TestUpsertRefusesRowsThatDoNotFit(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, c := range map[string]struct {
			definition string
			value      any
			number     uint16
		}{
			"too long":         {"VARCHAR(3) NOT NULL", "s3cret", 1406},
			"out of range":     {"TINYINT NOT NULL", "300", 1264},
			"decimal cut":      {"DECIMAL(5,2)", "1.239", 1265},
			"null":             {"INT NOT NULL", nil, 1048},
			"not in latin1":    {"VARCHAR(20) CHARACTER SET latin1", "s3cret😀", 1366},
			"no such member":   {"ENUM('a','b')", "s3cret", 1265},
			"not a date":       {"DATE", "2024-13-77", 1292},
			"not utf8":         {"VARCHAR(20) CHARACTER SET utf8mb4", "s3cret\xff", 1366},
			"unsigned":         {"INT UNSIGNED", "-1", 1264},
			"time too long":    {"TIME", "999:00:00", 1292},
			"fraction rounded": {"DATETIME", "2024-01-01 00:00:00.6", 0},
		} {
			w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, c "+c.definition+", at INT)")
			w.Spec.Cursor = "at"
			if c.number == 1265 && name == "decimal cut" {
				w.Spec.Columns[1].Kind = table.KindDecimal
			}
			good := map[string]string{
				"VARCHAR(3) NOT NULL": "a", "TINYINT NOT NULL": "1", "INT NOT NULL": "1",
			}[c.definition]
			first := dbtest.Row(1, nil, 1)
			if good != "" {
				first[1] = good
			}
			res, err := w.Upsert(first, dbtest.Row(7, c.value, 1))
			if c.number == 0 {
				require.NoError(t, err) // neither server says a word: preflight must
				continue
			}
			require.Error(t, err, "%s: %+v", name, res)
			require.True(t, mysqlerr.IsPermanent(err), "%s: %v", name, err)
			p := mysqlerr.Describe(err)
			require.Equal(t, c.number, p.Number, "%s: %v", name, err)
			require.Equal(t, "c", p.Column, "%s: %v", name, err)
			require.Equal(t, upsert.KeyHash([][]byte{[]byte("7")}), p.KeyHash, "%s: %v", name, err)
			require.NotContains(t, err.Error(), "s3cret", name)
			w.Holds("SELECT * FROM t")
		}
	})
}

func TestUpsertLeavesNothingAfterALockWaitTimeout(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, orders)
		w.Spec.MaxBatchRows = 1
		w.Wrote(2, 0, 0, dbtest.Row(1, "a", nil), dbtest.Row(9, "z", nil))
		tx, err := w.Raw.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(t.Context(), "UPDATE t SET v = 'locked' WHERE id = 9")
		require.NoError(t, err)
		fast(t, w.Db)
		_, err = w.Upsert(dbtest.Row(1, "A", nil), dbtest.Row(5, "new", nil), dbtest.Row(9, "Z", nil))
		require.True(t, mysqlerr.IsLockConflict(err), "%v", err)
		require.True(t, mysqlerr.IsRetryable(err))
		w.Holds("SELECT id, v FROM t ORDER BY id", "1|a", "9|z")
		require.NoError(t, tx.Rollback())
		w.Wrote(1, 2, 0, dbtest.Row(1, "A", nil), dbtest.Row(5, "new", nil), dbtest.Row(9, "Z", nil))
		w.Holds("SELECT id, v FROM t ORDER BY id", "1|A", "5|new", "9|Z")
	})
}

// fast sets a lock wait timeout of one second for the only connection of the pool.
func fast(t *testing.T, db *mysqldb.DB) {
	t.Helper()
	db.SetMaxOpenConns(1)
	_, err := db.ExecContext(t.Context(), "SET SESSION innodb_lock_wait_timeout = 1")
	require.NoError(t, err)
}

// waitsAgain waits until a transaction on the table waits for a lock, and another one after it.
func waitsAgain(w *dbtest.Writing) bool {
	const waiting = "SELECT IFNULL(MAX(trx_id), '') FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT' " +
		"AND trx_query LIKE ?"
	first := ""
	for deadline := time.Now().Add(dbtest.Soon); time.Now().Before(deadline); time.Sleep(150 * time.Millisecond) {
		var now string
		err := w.Raw.QueryRowContext(w.T.Context(), waiting, "%"+w.Schema+"%").Scan(&now)
		switch {
		case err != nil || now == "":
		case first == "":
			first = now
		case now != first:
			return true
		}
	}
	return false
}

func TestUpsertGoesOnOnceTheLockIsGone(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, orders)
		w.Wrote(1, 0, 0, dbtest.Row(9, "z", nil))
		tx, err := w.Raw.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(t.Context(), "UPDATE t SET v = 'locked' WHERE id = 9")
		require.NoError(t, err)
		fast(t, w.Db)
		began, again := time.Now(), make(chan bool, 1)
		go func() {
			again <- waitsAgain(w)
			_ = tx.Rollback()
		}()
		res := w.Wrote(1, 1, 0, dbtest.Row(5, "new", nil), dbtest.Row(9, "Z", nil))
		require.True(t, <-again, "there was no second try")
		require.GreaterOrEqual(t, res.Tries, 2)
		require.Less(t, res.Seconds, time.Since(began).Seconds()-0.9, "of the try that committed")
	})
}

func TestUpsertCancelledLeavesNothing(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, orders)
		w.Spec.MaxBatchRows = 1
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		beats := 0
		rows := w.Rows(dbtest.Row(1, "a", nil), dbtest.Row(2, "b", nil), dbtest.Row(3, "c", nil))
		_, err := upsert.WriteChunk(ctx, w.Db, w.Spec, rows, func() {
			if beats++; beats == 3 {
				cancel() // after the last batch, before the commit
			}
		})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, mysqlerr.ClassCanceled, mysqlerr.Classify(err))
		w.Holds("SELECT * FROM t")
	})
}

func TestUpsertSurvivesHostileNames(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := dbtest.NewWriting(t, s, orders)
		long := strings.Repeat("ü", 64)
		for _, name := range []string{"a`; DROP TABLE t;--", `qu"o'te`, "new", "NEW", "größe 猫", long, "values"} {
			cols := sqltext.IdentList([]string{"id`", "new", "a'b", long})
			parts := strings.Split(cols, ", ")
			w.Exec("CREATE TABLE " + sqltext.Ident(
				name,
			) + " (" + parts[0] + " INT PRIMARY KEY, " + parts[1] + " INT UNIQUE, " +
				parts[2] + " VARCHAR(9), " + parts[3] + " DATETIME)")
			w.Introspect(name)
			w.Spec.Cursor = long
			w.Wrote(1, 0, 0, dbtest.Row(1, 2, "x", "2024-01-01 00:00:00"))
			w.Wrote(1, 1, 0, dbtest.Row(1, 3, "y", "2024-01-01 00:00:01"), dbtest.Row(2, 2, "z", "2024-01-01 00:00:01"))
			w.Exec("DROP TABLE " + sqltext.Ident(name))
		}
		w.Holds("SELECT COUNT(*) FROM t", "0")
	})
}

func TestUpsertRefusesARowLargerThanThePacket(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			s := servers.Private(t, flavor, "--max-allowed-packet=16M")
			w := dbtest.NewWriting(t, s, "(id INT PRIMARY KEY, b LONGBLOB)")
			_, err := w.Upsert(dbtest.Row(1, "small"), dbtest.Row(4711, strings.Repeat("s3cret", 20<<20/6)))
			require.True(t, mysqlerr.IsPermanent(err), "%v", err)
			require.ErrorContains(t, err, "max_allowed_packet is 16777216")
			require.ErrorContains(t, err, upsert.KeyHash([][]byte{[]byte("4711")}))
			require.NotContains(t, err.Error(), "s3cret")
			w.Holds("SELECT COUNT(*) FROM t", "0")
			// Rows that fit one by one are sent one by one.
			big := strings.Repeat("\x00\xff", 4<<20)
			w.Wrote(3, 0, 0, dbtest.Row(1, big[:15<<19]), dbtest.Row(2, "x"), dbtest.Row(3, big[:15<<19]))
			// The server's limit may have been lowered after the pool was opened.
			w.Exec("SET GLOBAL max_allowed_packet = 1048576")
			fresh := dbtest.OpenTarget(t, s)
			fresh.Server.MaxAllowedPacket = 16 << 20
			res, err := upsert.WriteChunk(
				t.Context(), fresh, w.Spec, w.Rows(dbtest.Row(5, big[:600<<10]), dbtest.Row(6, big[:600<<10])), nil,
			)
			require.NoError(t, err)
			require.Equal(t, 2, res.Batches)
			_, err = upsert.WriteChunk(
				t.Context(), fresh, w.Spec, w.Rows(dbtest.Row(7, "x"), dbtest.Row(8, big[:900<<10])), nil,
			)
			require.True(t, mysqlerr.IsPermanent(err), "%v", err)
			require.ErrorContains(t, err, upsert.KeyHash([][]byte{[]byte("8")}))
		})
	}
}

package integration_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// refusedRows are errors of rows, provoked by a column of a table that a trigger of the target
// writes to: the plan does not see it, and the server's words are its own.
var refusedRows = map[uint16]struct{ column, value, says string }{
	1048: {"v INT NOT NULL", "NULL", "column v"},
	1062: {"v INT UNIQUE", "7", "another row already holds this value of a unique key"},
	1264: {"v TINYINT", "NEW.id * 0 + 300", "column v"},
	1292: {"v DATETIME", "NEW.name", "column v"},
	1366: {"v INT", "NEW.name", "column v"},
	1406: {"v VARCHAR(3)", "NEW.name", "column v"},
	1452: {"v INT, CONSTRAINT parent FOREIGN KEY (v) REFERENCES parents (id)", "NEW.id", "key parent"},
}

// A row that the target refuses takes one attempt, with any number; its column or key is
// named, its primary key as a hash, and its values are not.
func TestEachRefusedRowTakesOneAttempt(t *testing.T) {
	t.Parallel()
	for number, c := range refusedRows {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			t.Parallel()
			servers.Some(t, func(t *testing.T, s *servers.Server) {
				said := number
				if number == 1406 && s.Flavor == servers.FlavorMySQL {
					said = 1265 // its word for the same thing inside a trigger
				}
				p := start(t, options{source: s, tables: bare})
				exec(t, p.src, createT, insertT(1, 10), "UPDATE t SET name = 's3cret', updated_at = '2024-01-01'")
				exec(t, p.dst, createT, "CREATE TABLE parents (id INT PRIMARY KEY)",
					"CREATE TABLE audit (id INT, "+c.column+")",
					"CREATE TRIGGER audits BEFORE INSERT ON t FOR EACH ROW INSERT INTO audit VALUES (NEW.id, "+
						c.value+")")
				_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
				requireFailure(t, err, failure.RowRejected, "connection warehouse", "primary key hash", c.says,
					fmt.Sprintf("(error %d)", said))
				require.NotContains(t, err.Error(), "s3cret")
				require.EqualValues(t, 1, p.attempts(workflows.SyncTableID(p.queue, p.table("t")), "UpsertChunk"))
				require.Empty(t, p.state("t").Watermark)
				require.Equal(t, "0", scalar(t, p.dst, "SELECT COUNT(*) FROM t"))
			})
		})
	}
}

// lostLater are errors of what was there when a run was planned, and is not there any more when
// its first chunk reaches the server. LOGIN and DB stand for the login and the target's schema.
var lostLater = map[uint16]struct {
	statement, typ string
	says           string
}{
	1054: {"ALTER TABLE t DROP COLUMN name", failure.TableChanged, "lost column name"}, // seen before it is an error
	1142: {"REVOKE INSERT ON DB.* FROM LOGIN", failure.ServerRejected, "INSERT command denied"},
	1146: {"DROP TABLE t", failure.TableChanged, ".t"},
}

// What only a person can mend takes one attempt, and the message says what to do.
func TestEachErrorOfConfigurationTakesOneAttempt(t *testing.T) {
	t.Parallel()
	for number, c := range lostLater {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			t.Parallel()
			servers.Some(t, func(t *testing.T, s *servers.Server) {
				target := proxy.Start(t, s.Addr())
				dsn := target.DSN(s.DSN(""))
				p := start(t, options{source: s, idle: true, tables: bare, targetDSN: "${TARGET}"})
				login := p.to + "@'%'"
				exec(t, p.src, createT, insertT(1, 10), old)
				exec(t, p.dst, createT, "CREATE USER "+login, "GRANT ALL ON "+p.to+".* TO "+login)
				p.workerAt(p.temporal.Address, "TARGET="+strings.Replace(dsn, "root@", p.to+"@", 1))
				held := target.Hold(1, "START TRANSACTION") // no table is locked yet
				run := p.launch(workflows.SyncTableInput{Table: p.table("t")},
					workflows.SyncTableID(p.queue, p.table("t")))
				require.Eventually(t, func() bool { return held.Seen() == 1 }, timeout, poll)
				exec(t, p.dst, strings.NewReplacer("LOGIN", login, "DB", p.to).Replace(c.statement))
				held.Release()
				err := run.Get(t.Context(), nil)
				requireFailure(t, err, c.typ, c.says)
				if number != 1054 {
					requireFailure(t, err, c.typ, fmt.Sprintf("(error %d)", number))
				}
				require.EqualValues(t, 1, p.attempts(workflows.SyncTableID(p.queue, p.table("t")), "UpsertChunk"))
				require.Empty(t, p.state("t").Watermark)
			})
		})
	}
}

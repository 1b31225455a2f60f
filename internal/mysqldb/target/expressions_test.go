package target_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
)

// manyExpressions are generated columns of a, b, d, f, s, dt, ts and j; a kind of server that does not take
// one has none.
var manyExpressions = []string{
	"VARCHAR(40) AS (UPPER(s))", "VARCHAR(3) AS (LEFT(s, 3))", "VARCHAR(32) AS (MD5(s))", "BIGINT AS (CRC32(s))",
	"INT UNSIGNED AS (LENGTH(s))",
	"INT AS (YEAR(dt))", "VARCHAR(20) AS (DATE_FORMAT(dt, '%Y-%m'))", "VARCHAR(20) AS (DATE_FORMAT(dt, '%M'))",
	"INT AS (DATEDIFF(dt, '2000-01-01'))", "DATE AS (CAST(dt AS DATE))", "INT AS (TO_DAYS(ts))",
	"INT AS (IF(a > 2, 1, 0))", "VARCHAR(9) AS (CASE WHEN a IS NULL THEN 'none' WHEN s = 'ABC' THEN 'same' ELSE '😀' " +
		"END)", "INT AS (COALESCE(a, b, 0))", "DOUBLE AS (a / 3)", "DECIMAL(20,4) AS (a / 3)",
	"DECIMAL(20,6) AS (d * 1.5)", "BIGINT AS (a << 2)", "BIGINT UNSIGNED AS (~b)", "TINYINT AS (a = b)",
	"FLOAT AS (f * 2)", "DOUBLE AS (ROUND(f, 2))", "INT AS (a + b)", "INT AS (b - 4)", "TINYINT AS (s REGEXP '^a')",
	"VARCHAR(99) AS (CONCAT_WS('|', a, s, d))", "VARBINARY(99) AS (UNHEX(HEX(s)))",
	"VARCHAR(99) AS (REPLACE(s, 'b', 'ß'))", "VARCHAR(9) CHARACTER SET latin1 AS (s)",
	"INT AS (JSON_EXTRACT(j, '$.n'))", "VARCHAR(40) AS (JSON_UNQUOTE(JSON_EXTRACT(j, '$.s')))",
	"VARCHAR(99) AS (JSON_EXTRACT(j, '$.o'))", "JSON AS (JSON_EXTRACT(j, '$.o'))",
	"DATETIME AS (dt + INTERVAL 1 DAY)",
	"TIME AS (TIMEDIFF(dt, '2024-01-01'))", "DATETIME AS (dt)", "VARCHAR(20) AS (FORMAT(a, 2))",
	"DATE AS (STR_TO_DATE('2024-02-30', '%Y-%m-%d'))", "TINYINT AS (a)", "SMALLINT UNSIGNED AS (a - 5)",
	"VARCHAR(5) AS (s)", "CHAR(5) AS (s)", "BINARY(5) AS (s)", "ENUM('abc','x') AS (s)", "SET('','x') AS (b)",
	"YEAR AS (YEAR(dt))", "BIT(4) AS (a)", "TIMESTAMP NULL AS (ts)", "INT AS (UNIX_TIMESTAMP(dt))",
	"INT AS (WEEK(dt))",
}

// Expressions of many kinds, in the application's own zone and mode: each column arrives, computed or carried.
func TestExpressionsOfManyKindsArrive(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		source, target := dbtest.Lenient(t, p.Source, p.From), dbtest.Lenient(t, p.Target, p.To)
		dbtest.Exec(t, source, "SET sql_mode = 'NO_UNSIGNED_SUBTRACTION,ALLOW_INVALID_DATES', time_zone = '+05:30'",
			"CREATE TABLE m (id INT PRIMARY KEY, a INT, b INT UNSIGNED, d DECIMAL(12,3), f DOUBLE, s VARCHAR(40), "+
				"dt DATETIME(6), ts TIMESTAMP NULL, j LONGTEXT) CHARACTER SET utf8mb4",
			`INSERT INTO m VALUES (1, 1, 3, 1.005, 0.1, 'abc', '2024-01-31 23:30:00.5', '2024-01-01 02:00:00', '{"n": 1, "s": "x", "o": {"b": 1,"a": [1.50]}}'), (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
				(3, 70000, 5, -1.5, 1e300, 'Größe 😀 lang', '1999-12-31', '2024-06-30 23:59:59', '{"n": "x"}'), (4, -7, 0, 0, -0.0, '', '2024-02-29', NULL, '[1,2]')`)
		for i, c := range manyExpressions {
			for _, kind := range []string{"STORED", "VIRTUAL"} {
				_, _ = source.ExecContext(
					t.Context(), fmt.Sprintf("ALTER TABLE m ADD COLUMN g%d%s %s %s", i, kind[:1], c, kind),
				)
			}
		}
		plan := p.Plan("m")
		for _, f := range plan.Findings { // by name, and nothing else
			if f.Level == table.LevelRefuse {
				require.Contains(t, f.Text, "the source cannot compute for all rows")
				dbtest.Exec(t, source, "ALTER TABLE m DROP COLUMN "+f.Column)
			}
		}
		p.Apply("m")
		p.Write("m", "")
		dbtest.Exec(t, source, "SET time_zone = '+00:00'") // what a virtual column shows depends on it, on both sides
		made := 0
		for _, c := range dbtest.Introspect(t, p.Dst, p.To, "m").Columns[9:] {
			values := "SELECT CONCAT_WS('|', id, IFNULL(HEX(CONCAT(" + c.Name + ")), 'NULL')) FROM m ORDER BY id"
			require.Equal(t, dbtest.Texts(t, source, values), dbtest.Texts(t, target, values), "%s %s", c.Name, c.Type)
			if c.Generated {
				made++
			}
		}
		require.Greater(t, made, len(manyExpressions)/2, "most are computed by the target")
	})
}

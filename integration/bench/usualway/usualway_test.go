package usualway_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/bench/usualway"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

const (
	source = "usual.source"
	target = "usual.target"
)

func TestRowsArriveAsTheyAre(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db := s.DB(t, "")
		exec(
			t, db, "DROP DATABASE IF EXISTS usual", "CREATE DATABASE usual",
			"CREATE TABLE "+source+" (id BIGINT UNSIGNED PRIMARY KEY, note VARCHAR(2000), amount DECIMAL(12,2), at "+
				"TIMESTAMP(6) NOT NULL) DEFAULT CHARSET=utf8mb4",
			"CREATE TABLE "+target+" LIKE "+source,
			"ALTER TABLE "+target+" ADD KEY by_time (at), ADD KEY by_amount (amount)",
			`INSERT INTO `+source+` VALUES (1, 'it''s \\ größer 😀', -1.10, '2026-01-01 00:00:00.000001'), (18446744073709551615, NULL, NULL, '2026-01-02'), (3, 'a\tb\nc', 0, '2026-01-03')`,
		)
		// more than one statement of 1 MiB
		exec(t, db, "INSERT INTO "+source+" WITH RECURSIVE n (i) AS (SELECT 10 UNION ALL SELECT i+1 FROM n WHERE i "+
			"< 1000) SELECT i, REPEAT('x\\'', 1000), i, '2026-01-04' FROM n")
		rows, err := usualway.Copy{
			Source: db, Target: db, Query: "SELECT * FROM " + source,
			Into: target,
		}.Do(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 994, rows)
		require.Equal(t, checksum(t, db, source), checksum(t, db, target))

		exec(t, db, "TRUNCATE TABLE "+target)
		all := usualway.Load{Source: db, Target: db, Query: "SELECT * FROM " + source, Into: target}
		rows, err = all.Do(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 994, rows)
		require.Equal(t, checksum(t, db, source), checksum(t, db, target))

		exec(
			t, db, "UPDATE "+source+" SET note = 'changed', at = '2026-02-01' WHERE id BETWEEN 3 AND 12",
			"INSERT INTO "+source+" VALUES (5, 'new', 1, '2026-02-01')",
		)
		for _, byLoad := range []bool{false, true} {
			took, err := usualway.Merge{
				Source: db, Target: db, Query: "SELECT * FROM " + source + " WHERE at >= '2026-02-01'", Into: target,
				Staging: "usual.staging", ByLoad: byLoad,
			}.Do(t.Context())
			require.NoError(t, err)
			require.EqualValues(t, 5, took.Rows)
			require.Greater(t, took.Total, took.Transaction)
			require.Equal(t, checksum(t, db, source), checksum(t, db, target))
			_, err = db.ExecContext(t.Context(), "SELECT 1 FROM usual.staging FORCE INDEX (by_time)")
			require.ErrorContains(t, err, "1176", "the staging table has its key alone")
			exec(t, db, "UPDATE "+target+" SET note = 'older' WHERE id = 5")
		}

		_, err = all.Do(t.Context())
		require.ErrorContains(t, err, "0 rows of 995 were loaded")
		_, err = usualway.Copy{Source: db, Target: db, Query: "SELECT * FROM " + source, Into: target}.Do(t.Context())
		require.ErrorContains(t, err, "Duplicate entry")
	})
}

func exec(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, q := range statements {
		_, err := db.ExecContext(t.Context(), q)
		require.NoError(t, err, "%.100s", q)
	}
}

func checksum(t *testing.T, db *sql.DB, table string) (sum string) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT CONCAT(COUNT(*), ' rows, ', SUM(CRC32(CONCAT_WS('|', "+
		"id, IFNULL(note, 'NULL'), IFNULL(amount, 'NULL'), UNIX_TIMESTAMP(at))))) FROM "+table).Scan(&sum))
	return sum
}

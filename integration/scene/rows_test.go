package scene_test

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestMain(m *testing.M) { servers.Main(m) }

func TestLoadMakesTheRowsThatFillMakes(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db := s.DB(t, "")
		require.NoError(t, scene.Fill(t.Context(), db, 3_500))
		want := checksum(t, db)
		require.NoError(t, scene.Load(t.Context(), db, 3_500))
		require.Equal(t, want, checksum(t, db))
		require.Contains(t, want, "3500 rows")
		var name, ddl string
		require.NoError(t, db.QueryRowContext(t.Context(), "SHOW CREATE TABLE "+scene.Table).Scan(&name, &ddl))
		require.Contains(t, ddl, "KEY `by_update`")
	})
}

func checksum(t *testing.T, db *sql.DB) (sum string) {
	t.Helper()
	const columns = "id, customer, status, amount, IFNULL(note, 'NULL'), created_at, UNIX_TIMESTAMP(updated_at)"
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT CONCAT(COUNT(*), ' rows, ', SUM(CRC32(CONCAT_WS('|', "+
		columns+")))) FROM "+scene.Table).Scan(&sum))
	return sum
}

func TestOrdersAreTheSameFromWhereverOneBegins(t *testing.T) {
	lines := map[int]string{}
	for o := range scene.Orders(1, 2_500) {
		lines[o.ID] = string(o.AppendLine(nil))
	}
	require.Len(t, lines, 2_500)
	n := 0
	for o := range scene.Orders(1_234, 2_345) {
		require.Equal(t, lines[o.ID], string(o.AppendLine(nil)))
		n++
	}
	require.Equal(t, 2_345-1_234+1, n)
	require.Contains(t, lines[7], "\t\\N\t")
	require.Contains(t, lines[60], "\t2024-01-01 00:01:00\t2026-01-01 00:00:00.000060\n")
}

package schema_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestStructureIsAskedForAgainWhenTheTableWasAltered(t *testing.T) {
	for _, s := range []*servers.Server{servers.MySQL(t), servers.MariaDB(t)} {
		t.Run(string(s.Flavor), func(t *testing.T) {
			t.Parallel()
			schemaName := s.Schema(t)
			admin := dbtest.Lenient(t, s, schemaName)
			db := dbtest.Open(t, s, mysqldb.Options{Role: mysqldb.Source, Name: "src"})
			dbtest.Exec(
				t, admin, "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, a VARCHAR(10) CHARACTER SET latin1)",
			)
			name := table.Name{Schema: schemaName, Table: "t"}
			var cache schema.Cache
			structure := func() *schema.Table {
				t.Helper()
				got, err := cache.Table(t.Context(), db, name)
				require.NoError(t, err)
				want, err := schema.Read(t.Context(), db, name)
				require.NoError(t, err)
				require.Equal(t, fmt.Sprintf("%+v", want.Columns), fmt.Sprintf("%+v", got.Columns))
				require.Equal(t, want.Indexes, got.Indexes)
				require.Equal(t, want.PrimaryKey, got.PrimaryKey)
				return got
			}
			first := structure()
			dbtest.Exec(t, admin, "INSERT INTO t (a) VALUES ('x'), ('y')")
			require.Same(t, first, structure(), "rows change nothing")
			for _, change := range []string{
				"ADD COLUMN b INT", "MODIFY a VARCHAR(11) CHARACTER SET latin1",
				"MODIFY a VARCHAR(11) CHARACTER SET utf8mb4",
				"ADD KEY by_a (a)", "RENAME COLUMN b TO c", "DROP PRIMARY KEY, ADD PRIMARY KEY (id, a)",
				"DROP COLUMN c",
			} {
				dbtest.Exec(t, admin, "ALTER TABLE t "+change)
				now := structure()
				require.NotSame(t, first, now, change)
				first = now
			}
			dbtest.Exec(t, admin, "DROP TABLE t")
			_, err := cache.Table(t.Context(), db, name)
			require.ErrorIs(t, err, schema.ErrNotFound)
			dbtest.Exec(t, admin, "CREATE VIEW t AS SELECT 1 AS id")
			_, err = cache.Table(t.Context(), db, name)
			require.ErrorIs(t, err, schema.ErrNotABaseTable)
		})
	}
}

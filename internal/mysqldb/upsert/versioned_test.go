package upsert_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// createVersioned creates t on both sides: on the target with system versioning and with longer types.
func createVersioned(p *dbtest.Pair, period string) {
	const columns = "id INT PRIMARY KEY, v VARCHAR(20) COLLATE utf8mb4_general_ci, f FLOAT, e ENUM('a','')," +
		" n DECIMAL(9,2), u TIMESTAMP(3) NULL"
	p.AtSource("CREATE TABLE t ("+columns+")",
		"INSERT INTO t VALUES (1,'a',0.1,'a',1.5,'2024-01-01 00:00:00.5'),(2,'b',NULL,'',NULL,'2024-01-01'),"+
			"(3,'c',3,NULL,3,'2024-01-01'),(4,NULL,4,0,4,NULL)")
	p.AtTarget("CREATE TABLE t (" + columns + period + ") CHARACTER SET utf8mb4 WITH SYSTEM VERSIONING")
	p.AtTarget("SET SESSION system_versioning_alter_history = KEEP",
		"ALTER TABLE t MODIFY n DECIMAL(12,4), MODIFY u TIMESTAMP(6) NULL, ADD UNIQUE KEY own (n)")
}

// A target WITH SYSTEM VERSIONING gets a former row where a row changed, and nowhere else.
func TestAVersionedTargetKeepsNoHistoryOfRowsThatStay(t *testing.T) {
	for name, ddl := range map[string]string{
		"hidden period": "",
		"declared period": ", began TIMESTAMP(6) GENERATED ALWAYS AS ROW START," +
			" ended TIMESTAMP(6) GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (began, ended)",
	} {
		for _, source := range []*servers.Server{servers.MySQL(t), servers.MariaDB(t)} {
			t.Run(name+" from "+string(source.Flavor), func(t *testing.T) {
				p := dbtest.NewPair(t, source, servers.MariaDB(t))
				createVersioned(p, ddl)
				source := dbtest.Introspect(t, p.Src, p.From, "t")
				spec := upsert.Spec{
					Target: dbtest.Introspect(t, p.Dst, p.To, "t"), Columns: table.Carried(source.Values()),
					Cursor: "u", MaxBatchRows: 2,
				}
				write := func() upsert.Result { return writeAll(t, p, source, spec) }
				history := func() string {
					query := "SELECT COUNT(*) FROM t FOR SYSTEM_TIME ALL"
					return dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), query)[0]
				}
				values := func() []string {
					return dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), "SELECT v FROM t ORDER BY id")
				}
				require.EqualValues(t, 4, write().Inserted)
				require.EqualValues(t, 4, write().Unchanged)
				require.Equal(t, "4", history())
				p.AtSource(
					"UPDATE t SET v = 'A', u = '2024-01-02' WHERE id = 1",
					"UPDATE t SET v = 'older', u = '2023-01-01' WHERE id = 2",
					"INSERT INTO t VALUES (5,'e',5,'a',5,'2024-01-02')",
				)
				res := write()
				require.Equal(
					t, []int64{1, 1, 3, 1}, []int64{res.Inserted, res.Updated, res.Unchanged, res.NewerOnTarget},
				)
				require.Equal(t, "6", history(), "one new row, and one former version")
				require.Equal(t, []string{"A", "b", "c", "NULL", "e"}, values())
				// What an earlier run read above its window is replaced.
				spec.Unsettled = table.Unsettled{
					Hi: "2023-06-01 00:00:00.000", After: "2023-01-01 00:00:00.000",
					Through: "2024-06-01 00:00:00.000",
				}
				res = write()
				require.Equal(
					t, []int64{0, 1, 4, 0}, []int64{res.Inserted, res.Updated, res.Unchanged, res.NewerOnTarget},
				)
				require.Equal(t, []string{"A", "older", "c", "NULL", "e"}, values())
				require.Equal(t, "7", history())
			})
		}
	}
}

// writeAll writes all rows of the source as one chunk, whose counts are exact.
func writeAll(t *testing.T, p *dbtest.Pair, source *schema.Table, spec upsert.Spec) (out upsert.Result) {
	t.Helper()
	read := scan.ReadSpec{Table: source, Columns: spec.Columns}
	_, err := scan.ReadPages(t.Context(), p.Src, read, func(rows *table.Rows) (err error) {
		out, err = upsert.WriteChunk(t.Context(), p.Dst, spec, rows, nil)
		return err
	})
	require.NoError(t, err)
	require.False(t, out.Approximate)
	return out
}

func TestAVersionedTargetGetsNewColumns(t *testing.T) {
	p := dbtest.NewPair(t, servers.MySQL(t), servers.MariaDB(t))
	p.AtSource("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "INSERT INTO t VALUES (1, 1)")
	p.AtTarget("CREATE TABLE t (id INT PRIMARY KEY) WITH SYSTEM VERSIONING", "INSERT INTO t VALUES (1)")
	dbtest.Says(t, p.Apply("t"), "", "keeps former rows")
	p.CopyRows("t", "")
}

// Servers count an unchanged row as 1 where a column with a default is NULL. Two of them look like one
// updated row.
func TestRowsThatServersTouchAreNotCountedAsUpdated(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		p.AtSource(
			"CREATE TABLE t (id INT PRIMARY KEY, n INT DEFAULT 5)",
			"INSERT INTO t VALUES (1, NULL), (2, NULL), (3, 5)",
		)
		// Of another kind: its rows are not looked at before the write.
		p.AtTarget("CREATE TABLE t (id INT PRIMARY KEY, n INT UNSIGNED DEFAULT 5)")
		source := dbtest.Introspect(t, p.Src, p.From, "t")
		spec := upsert.Spec{Target: dbtest.Introspect(t, p.Dst, p.To, "t"), Columns: table.Carried(source.Values())}
		read := scan.ReadSpec{Table: source, Columns: spec.Columns}
		_, err := scan.ReadPages(t.Context(), p.Src, read, func(rows *table.Rows) error {
			for _, approximate := range []bool{false, true} {
				res, err := upsert.WriteChunk(t.Context(), p.Dst, spec, rows, nil)
				if err != nil {
					return err
				}
				require.Equal(t, approximate, res.Approximate, "%+v", res)
			}
			return nil
		})
		require.NoError(t, err)
	})
}

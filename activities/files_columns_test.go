package activities_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	_ "github.com/tablehaul/tablehaul/internal/files/folder"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestAMissingTargetIsCreatedAsTold(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, "")
		l.put("1.csv", time.Hour, header+",extra", l.row(1, "one", "01")+",x")
		_, err := l.discover()
		requireType(t, err, failure.UnsupportedTable)
		require.ErrorContains(t, err, "nothing says what its columns are")
		l.settings.Files.Create = []activities.ColumnType{
			{"id", "bigint"}, {"v", "varchar(9)"}, {"updated_at", "datetime(6)"},
		}
		_, err = l.discover()
		require.ErrorContains(t, err, "nothing says what its key is")
		l.settings.Key = []string{"id"}
		_, sum := l.run()
		require.EqualValues(t, 1, sum.Inserted)
		l.holds("SELECT CONCAT_WS(' ', COLUMN_NAME, DATA_TYPE, IS_NULLABLE, COLUMN_KEY) FROM "+
			"information_schema.COLUMNS "+
			"WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 't' ORDER BY ORDINAL_POSITION",
			"id bigint NO PRI", "v varchar YES ", "updated_at datetime YES ")
	})
}

func TestRowsThatCannotBeLoaded(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	for name, c := range map[string]struct{ line, want string }{
		"a number": {"x,v,2024-05-01 00:00:00", "bad.csv: row 2: column id"},
		"a key":    {`\N,v,2024-05-01 00:00:00`, "bad.csv: row 2: column id: NULL"},
		"a cursor": {`3,v,\N`, "bad.csv: row 2: column updated_at: NULL"},
	} {
		l.put("bad.csv", time.Hour, header, l.row(1, "one", "01"), c.line)
		plan, err := l.discover()
		require.NoError(t, err)
		in := activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum}
		err = l.step("ReadFiles", in, nil)
		requireType(t, err, failure.FilesRefused)
		require.ErrorContains(t, err, c.want, name)
	}
	require.NoError(t, os.Remove(filepath.Join(l.dir, "bad.csv")))
	require.NoError(t, os.Symlink("/etc/hostname", filepath.Join(l.dir, "bad.csv")))
	l.settings.Files.Complete = "settled:0s"
	_, err := l.discover()
	requireType(t, err, failure.FilesRefused)
	require.ErrorContains(t, err, "symbolic link")
}

func TestColumnsOfFiles(t *testing.T) {
	l := newLake(t, servers.MySQL(t), "CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(9), updated_at DATETIME NOT "+
		"NULL, "+
		"own INT NOT NULL DEFAULT 7, extra VARCHAR(9))")
	l.put("1.csv", 3*time.Hour, "id,v,updated_at,other", "1,one,2024-05-01 00:00:00,x")
	plan, _ := l.run()
	require.Contains(t, strings.Join(plan.Warnings, "\n"), "no column for other")
	l.AtTarget("UPDATE t SET own = 8, extra = 'kept'")
	l.put("2.csv", 2*time.Hour, "updated_at,extra,id", "2024-05-02 00:00:00,new,1", "2024-05-02 00:00:00,new,2")
	l.run()
	l.holds("SELECT CONCAT_WS(' ', id, COALESCE(v, 'NULL'), own, COALESCE(extra, 'NULL')) FROM t ORDER BY id",
		"1 NULL 8 kept", "2 NULL 7 NULL")

	l.settings.Files.Columns = []string{"id", "nothing"}
	requireType(t, errOf(l.discover()), failure.UnsupportedTable)
	l.settings.Files.Columns = []string{"v", "updated_at"}
	require.ErrorContains(t, errOf(l.discover()), "column id is in the target's key")
	l.settings.Files.Columns = []string{"id", "v"}
	require.ErrorContains(t, errOf(l.discover()), "updated_at is the cursor")
}

func TestATargetOfFilesThatIsNotTheSame(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, lakeTable)
		l.put("1.csv", 3*time.Hour, header, l.row(1, "one", "01"))
		plan, _ := l.run()
		first := plan.TargetRow
		l.put("2.csv", 2*time.Hour, header, l.row(2, "two", "01"))
		l.run()

		// It is restored from a backup that was taken between the two runs.
		l.AtTarget("DELETE FROM t WHERE id = 2", fmt.Sprintf("UPDATE tablehaul_state SET run = %d", first.Fence))
		plan, sum := l.run()
		require.Contains(t, strings.Join(plan.Warnings, "\n"), "has lost its last runs")
		require.EqualValues(t, 1, sum.Inserted)
		require.Equal(t, 1, plan.Files.Loads)

		l.AtTarget("DELETE FROM t")
		plan, sum = l.run()
		require.Contains(t, strings.Join(plan.Warnings, "\n"), "has no row")
		require.EqualValues(t, 2, sum.Inserted)

		l.settings.Files.Match = []string{"*.csv"}
		requireType(t, errOf(l.discover()), failure.IdentityChanged)
		_, sum = l.run(func(in *activities.PlanRunInput) { in.Full = true })
		require.EqualValues(t, 2, sum.RowsExtracted)
	})
}

package source_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A cursor that is NULL until the first update is refused with a statement that mends it, and
// that does not get in the way of the application.
func TestTheRemedyForANullCursorWorks(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		for _, kind := range []string{"DATETIME", "DATETIME(6)", "TIMESTAMP(3)"} {
			now := strings.NewReplacer("DATETIME", "CURRENT_TIMESTAMP", "TIMESTAMP", "CURRENT_TIMESTAMP").Replace(kind)
			p.AtSource(
				"DROP TABLE IF EXISTS posts",
				"CREATE TABLE posts (id INT PRIMARY KEY, v INT, opened DATE, created_at "+kind+" NOT NULL DEFAULT "+now+
					", updated_at "+kind+" NULL ON UPDATE "+now+", KEY (updated_at))",
				"INSERT INTO posts (id) VALUES (1), (2)",
				"UPDATE posts SET v = 1 WHERE id = 2",
			)
			p.AtTarget("DROP TABLE IF EXISTS posts")
			got, err := source.New(p.Src).
				Check(t.Context(), dbtest.Introspect(t, p.Src, p.From, "posts"), source.CheckSpec{Cursor: "updated_at"})
			require.NoError(t, err)
			require.Len(t, dbtest.Refusals(got), 1, "%+v", got)
			remedy, _, ok := strings.Cut(dbtest.Refusals(got)[0].Remedy, ", and cursor: updated_at_or_created_at;")
			require.True(t, ok, "%+v", got)
			admin := p.Source.DB(t, p.From) // strict, as applications are
			dbtest.Exec(
				t,
				admin,
				remedy,
				"INSERT INTO posts (id) VALUES (3)",
				"CREATE TABLE other LIKE posts",
				"INSERT INTO other (id) SELECT 1",
				"DROP TABLE other",
			)

			const cursor = "updated_at_or_created_at"
			src := dbtest.Introspect(t, p.Src, p.From, "posts").Carrying(cursor)
			got, err = source.New(p.Src).Check(t.Context(), src, source.CheckSpec{Cursor: cursor})
			require.NoError(t, err)
			require.Empty(t, dbtest.Refusals(got))
			require.Equal(t, cursor, schema.CursorIndex(src, cursor))
			candidates, err := source.New(p.Src).
				CursorCandidates(t.Context(), dbtest.Introspect(t, p.Src, p.From, "posts"))
			require.NoError(t, err)
			require.Equal(t, cursor, candidates[0].Column)
			require.True(t, candidates[0].Sound())

			requireArrives(t, p, src, cursor, "2037-01-01 00:00:00.000000"[:19+len(fraction(kind))])
		}
	})
}

// requireArrives makes the target of a table with a computed cursor, moves its three rows below hi, and compares them.
func requireArrives(t *testing.T, p *dbtest.Pair, src *schema.Table, cursor, hi string) {
	t.Helper()
	plan, err := target.New(p.Dst).
		Compare(t.Context(), p.Src, src, table.Name{Schema: p.To, Table: "posts"},
			target.Options{Create: true, Cursor: cursor})
	require.NoError(t, err)
	require.NoError(t, target.New(p.Dst).Apply(t.Context(), plan))
	target := dbtest.Introspect(t, p.Dst, p.To, "posts")
	require.False(t, target.Column(cursor).Generated)
	require.NotEmpty(t, schema.CursorIndex(target, cursor))

	columns := table.Carried(src.Values())
	spec := upsert.Spec{Target: target, Columns: columns, Cursor: cursor}
	read := scan.ReadSpec{
		Table:   src,
		Columns: columns,
		Cursor:  cursor,
		Window:  table.Window{Hi: hi},
	}
	_, err = scan.ReadPages(t.Context(), p.Src, read, func(rows *table.Rows) error {
		_, err := upsert.WriteChunk(t.Context(), p.Dst, spec, rows, nil)
		return err
	})
	require.NoError(t, err)
	want, _ := dbtest.ReadAll(t, p.Src, scan.ReadSpec{Table: src, Columns: columns})
	got, _ := dbtest.ReadAll(t, p.Dst, scan.ReadSpec{Table: target, Columns: columns})
	require.Len(t, want, 3)
	require.Equal(t, want, got)
}

// fraction is the fraction of a second that a type has, as text.
func fraction(kind string) string {
	switch {
	case strings.HasSuffix(kind, "(6)"):
		return ".000000"
	case strings.HasSuffix(kind, "(3)"):
		return ".000"
	}
	return ""
}

func TestComputedCursorsThatMayChangeByThemselvesAreRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource(
			"CREATE TABLE c (id INT PRIMARY KEY, at DATETIME NOT NULL, c_plain DATETIME AS (at) VIRTUAL,"+
				" c_indexed DATETIME AS (at) VIRTUAL, c_stored DATETIME AS (at) STORED, KEY (c_indexed))",
			"INSERT INTO c (id, at) VALUES (1, '2024-01-01')",
		)
		for cursor, refused := range map[string]int{"c_plain": 1, "c_indexed": 0, "c_stored": 0} {
			for _, src := range []*schema.Table{dbtest.Introspect(t, p.Src, p.From, "c"), dbtest.Introspect(t, p.Src,
				p.From, "c").Carrying(cursor)} {
				got, err := source.New(p.Src).Check(t.Context(), src, source.CheckSpec{Cursor: cursor})
				require.NoError(t, err)
				require.Len(t, dbtest.Refusals(got), refused, "%s: %+v", cursor, got)
			}
		}
	})
}

// The beginning of a versioned row is a cursor that the server keeps.
func TestRowStartIsACursor(t *testing.T) {
	for _, dst := range []*servers.Server{servers.MySQL(t), servers.MariaDB(t)} {
		p := dbtest.NewPair(t, servers.MariaDB(t), dst)
		p.AtSource(
			"CREATE TABLE v (id INT PRIMARY KEY, n INT, began TIMESTAMP(6) GENERATED ALWAYS AS ROW START, ended"+
				" TIMESTAMP(6) GENERATED ALWAYS AS ROW END,"+
				" KEY began (began), PERIOD FOR SYSTEM_TIME (began, ended)) WITH SYSTEM VERSIONING",
			"INSERT INTO v (id, n) VALUES (1, 10), (2, 20)",
			"UPDATE v SET n = 11 WHERE id = 1",
		)
		src := dbtest.Introspect(t, p.Src, p.From, "v").Carrying("began")
		got, err := source.New(p.Src).Check(t.Context(), src, source.CheckSpec{Cursor: "began"})
		require.NoError(t, err)
		require.Empty(t, dbtest.Refusals(got))
		plan, err := target.New(p.Dst).
			Compare(t.Context(), p.Src, src, table.Name{Schema: p.To, Table: "v"}, target.Options{
				Create: true,
				Cursor: "began",
			})
		require.NoError(t, err)
		require.NoError(t, target.New(p.Dst).Apply(t.Context(), plan))
		spec := upsert.Spec{
			Target:  dbtest.Introspect(t, p.Dst, p.To, "v"),
			Columns: table.Carried(src.Values()),
			Cursor:  "began",
		}
		_, err = scan.ReadPages(
			t.Context(),
			p.Src,
			scan.ReadSpec{
				Table:   src,
				Columns: spec.Columns,
				Cursor:  "began",
				Window:  table.Window{Hi: "2037-01-01 00:00:00.000000"},
			},
			func(rows *table.Rows) error {
				_, err := upsert.WriteChunk(t.Context(), p.Dst, spec, rows, nil)
				return err
			},
		)
		require.NoError(t, err)
		want, _ := dbtest.ReadAll(t, p.Src, scan.ReadSpec{Table: src, Columns: spec.Columns})
		copied, _ := dbtest.ReadAll(t, p.Dst, scan.ReadSpec{Table: spec.Target, Columns: spec.Columns})
		require.Equal(t, want, copied)
		require.Len(t, want, 2)
	}
}

// A target that computes the cursor itself is refused with the statement that makes it a plain column.
func TestATargetThatComputesTheCursorIsRefusedWithTheStatement(t *testing.T) {
	dbtest.EachPair(t, func(t *testing.T, p *dbtest.Pair) {
		const ddl = "(id INT PRIMARY KEY, a DATETIME NULL, b DATETIME NOT NULL, c DATETIME AS (COALESCE(a, b))" +
			" STORED, KEY (c))"
		p.AtSource("CREATE TABLE g "+ddl, "INSERT INTO g (id, b) VALUES (1, '2024-01-01')")
		p.AtTarget("CREATE TABLE g "+ddl, "INSERT INTO g (id, b) VALUES (1, '2023-01-01')")
		source := dbtest.Introspect(t, p.Src, p.From, "g").Carrying("c")
		plan := func() target.Diff {
			plan, err := target.New(p.Dst).
				Compare(t.Context(), p.Src, source, table.Name{Schema: p.To, Table: "g"}, target.Options{Cursor: "c"})
			require.NoError(t, err)
			return plan
		}
		refused := dbtest.Refusals(plan().Findings)
		require.Len(t, refused, 1)
		require.Contains(t, refused[0].Text, "generated column on the target")
		p.AtTarget(refused[0].Remedy)
		require.False(t, plan().Refused())
		require.Equal(
			t,
			[]string{"2023-01-01 00:00:00"},
			dbtest.Texts(t, dbtest.Lenient(t, p.Target, p.To), "SELECT c FROM g"),
		)
	})
}

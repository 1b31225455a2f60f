package mysqldb_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// refusals are the findings that forbid a run.
func refusals(list []table.Finding) (out []table.Finding) {
	for _, f := range list {
		if f.Level == table.LevelRefuse {
			out = append(out, f)
		}
	}
	return out
}

// A cursor that is NULL until the first update is refused with a statement that mends it, and
// that does not get in the way of the application.
func TestTheRemedyForANullCursorWorks(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		for _, kind := range []string{"DATETIME", "DATETIME(6)", "TIMESTAMP(3)"} {
			now := strings.NewReplacer("DATETIME", "CURRENT_TIMESTAMP", "TIMESTAMP", "CURRENT_TIMESTAMP").Replace(kind)
			p.atSource("DROP TABLE IF EXISTS posts", "CREATE TABLE posts (id INT PRIMARY KEY, v INT, opened DATE, created_at "+kind+" NOT NULL DEFAULT "+now+
				", updated_at "+kind+" NULL ON UPDATE "+now+", KEY (updated_at))", "INSERT INTO posts (id) VALUES (1), (2)", "UPDATE posts SET v = 1 WHERE id = 2")
			p.atTarget("DROP TABLE IF EXISTS posts")
			got, err := p.src.CheckSource(t.Context(), introspect(t, p.src, p.from, "posts"), mysqldb.SourceCheck{Cursor: "updated_at"})
			require.NoError(t, err)
			require.Len(t, refusals(got), 1, "%+v", got)
			remedy, _, ok := strings.Cut(refusals(got)[0].Remedy, ", and cursor: updated_at_or_created_at;")
			require.True(t, ok, "%+v", got)
			admin := p.source.DB(t, p.from) // strict, as applications are
			exec(t, admin, remedy, "INSERT INTO posts (id) VALUES (3)", "CREATE TABLE other LIKE posts", "INSERT INTO other (id) SELECT 1", "DROP TABLE other")

			const cursor = "updated_at_or_created_at"
			source := introspect(t, p.src, p.from, "posts").Carrying(cursor)
			got, err = p.src.CheckSource(t.Context(), source, mysqldb.SourceCheck{Cursor: cursor})
			require.NoError(t, err)
			require.Empty(t, refusals(got))
			require.Equal(t, cursor, mysqldb.CursorIndex(source, cursor))
			candidates, err := p.src.CursorCandidates(t.Context(), introspect(t, p.src, p.from, "posts"))
			require.NoError(t, err)
			require.Equal(t, cursor, candidates[0].Column)
			require.True(t, candidates[0].Sound())

			plan, err := p.dst.PlanTarget(t.Context(), p.src, source, table.Name{Schema: p.to, Table: "posts"}, mysqldb.TargetOptions{Create: true, Cursor: cursor})
			require.NoError(t, err)
			require.NoError(t, p.dst.ApplyTarget(t.Context(), plan))
			target := introspect(t, p.dst, p.to, "posts")
			require.False(t, target.Column(cursor).Generated)
			require.NotEmpty(t, mysqldb.CursorIndex(target, cursor))

			columns := table.Carried(source.Values())
			spec := mysqldb.UpsertSpec{Target: target, Columns: columns, Cursor: cursor}
			read := mysqldb.ReadSpec{Table: source, Columns: columns, Cursor: cursor, Window: table.Window{Hi: "2037-01-01 00:00:00.000000"[:19+len(fraction(kind))]}}
			_, err = p.src.ReadPages(t.Context(), read, func(rows *table.Rows) error {
				_, err := p.dst.UpsertChunk(t.Context(), spec, rows, nil)
				return err
			})
			require.NoError(t, err)
			want, _ := readAll(t, p.src, mysqldb.ReadSpec{Table: source, Columns: columns})
			got3, _ := readAll(t, p.dst, mysqldb.ReadSpec{Table: target, Columns: columns})
			require.Len(t, want, 3)
			require.Equal(t, want, got3)
		}
	})
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
		p := newPair(t, s, s)
		p.atSource("CREATE TABLE c (id INT PRIMARY KEY, at DATETIME NOT NULL, c_plain DATETIME AS (at) VIRTUAL, c_indexed DATETIME AS (at) VIRTUAL, c_stored DATETIME AS (at) STORED, KEY (c_indexed))",
			"INSERT INTO c (id, at) VALUES (1, '2024-01-01')")
		for cursor, refused := range map[string]int{"c_plain": 1, "c_indexed": 0, "c_stored": 0} {
			for _, source := range []*mysqldb.Table{introspect(t, p.src, p.from, "c"), introspect(t, p.src, p.from, "c").Carrying(cursor)} {
				got, err := p.src.CheckSource(t.Context(), source, mysqldb.SourceCheck{Cursor: cursor})
				require.NoError(t, err)
				require.Len(t, refusals(got), refused, "%s: %+v", cursor, got)
			}
		}
	})
}

// The beginning of a versioned row is a cursor that the server keeps.
func TestRowStartIsACursor(t *testing.T) {
	for _, target := range []*servers.Server{servers.MySQL(t), servers.MariaDB(t)} {
		p := newPair(t, servers.MariaDB(t), target)
		p.atSource("CREATE TABLE v (id INT PRIMARY KEY, n INT, began TIMESTAMP(6) GENERATED ALWAYS AS ROW START, ended TIMESTAMP(6) GENERATED ALWAYS AS ROW END,"+
			" KEY began (began), PERIOD FOR SYSTEM_TIME (began, ended)) WITH SYSTEM VERSIONING", "INSERT INTO v (id, n) VALUES (1, 10), (2, 20)", "UPDATE v SET n = 11 WHERE id = 1")
		source := introspect(t, p.src, p.from, "v").Carrying("began")
		got, err := p.src.CheckSource(t.Context(), source, mysqldb.SourceCheck{Cursor: "began"})
		require.NoError(t, err)
		require.Empty(t, refusals(got))
		plan, err := p.dst.PlanTarget(t.Context(), p.src, source, table.Name{Schema: p.to, Table: "v"}, mysqldb.TargetOptions{Create: true, Cursor: "began"})
		require.NoError(t, err)
		require.NoError(t, p.dst.ApplyTarget(t.Context(), plan))
		spec := mysqldb.UpsertSpec{Target: introspect(t, p.dst, p.to, "v"), Columns: table.Carried(source.Values()), Cursor: "began"}
		_, err = p.src.ReadPages(t.Context(), mysqldb.ReadSpec{Table: source, Columns: spec.Columns, Cursor: "began", Window: table.Window{Hi: "2037-01-01 00:00:00.000000"}}, func(rows *table.Rows) error {
			_, err := p.dst.UpsertChunk(t.Context(), spec, rows, nil)
			return err
		})
		require.NoError(t, err)
		want, _ := readAll(t, p.src, mysqldb.ReadSpec{Table: source, Columns: spec.Columns})
		copied, _ := readAll(t, p.dst, mysqldb.ReadSpec{Table: spec.Target, Columns: spec.Columns})
		require.Equal(t, want, copied)
		require.Len(t, want, 2)
	}
}

// A target that computes the cursor itself is refused with the statement that makes it a plain column.
func TestATargetThatComputesTheCursorIsRefusedWithTheStatement(t *testing.T) {
	eachPair(t, func(t *testing.T, p *pair) {
		const ddl = "(id INT PRIMARY KEY, a DATETIME NULL, b DATETIME NOT NULL, c DATETIME AS (COALESCE(a, b)) STORED, KEY (c))"
		p.atSource("CREATE TABLE g "+ddl, "INSERT INTO g (id, b) VALUES (1, '2024-01-01')")
		p.atTarget("CREATE TABLE g "+ddl, "INSERT INTO g (id, b) VALUES (1, '2023-01-01')")
		source := introspect(t, p.src, p.from, "g").Carrying("c")
		plan := func() mysqldb.TargetPlan {
			plan, err := p.dst.PlanTarget(t.Context(), p.src, source, table.Name{Schema: p.to, Table: "g"}, mysqldb.TargetOptions{Cursor: "c"})
			require.NoError(t, err)
			return plan
		}
		refused := refusals(plan().Findings)
		require.Len(t, refused, 1)
		require.Contains(t, refused[0].Text, "generated column on the target")
		p.atTarget(refused[0].Remedy)
		require.False(t, plan().Refused())
		require.Equal(t, []string{"2023-01-01 00:00:00"}, texts(t, lenient(t, p.target, p.to), "SELECT c FROM g"))
	})
}

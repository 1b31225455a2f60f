package mysqldb_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// overwriting lets chunks travel as files, whatever they meet.
func overwriting(t *testing.T, s *servers.Server, definition string) *writing {
	t.Helper()
	w := newWriting(t, s, definition)
	w.spec.BulkLoad, w.spec.BulkOverwrite = true, true
	return w
}

// byFile reports whether what do writes travels as a file.
func (w *writing) byFile(do func()) bool {
	w.t.Helper()
	before := files(w)
	do()
	return files(w) != before
}

// Whatever a chunk of random rows meets, the target holds and the counters say the same
// whether it travels as a file or not.
func TestOverwritingDoesWhatAnUpsertDoes(t *testing.T) {
	for name, c := range map[string]struct {
		key, cursor string
		runs        bool  // of keys
		bytes       int64 // of a statement at most
	}{
		"cursor":                           {"id", "at", false, 0},
		"cursor in the key":                {"id, at", "at", false, 0},
		"none":                             {"id", "", false, 0},
		"runs of keys":                     {"id", "at", true, 0},
		"runs of keys in small statements": {"id", "at", true, 300},
	} {
		t.Run(name, func(t *testing.T) {
			servers.Each(t, func(t *testing.T, s *servers.Server) {
				const columns = "id INT NOT NULL, at DATETIME(3) %s, v VARCHAR(20), n DECIMAL(9,2), e ENUM('a','b'), g INT AS (id + 1) STORED, KEY (at, v), PRIMARY KEY (%s)"
				null := "NULL"
				if c.key != "id" {
					null = "NOT NULL"
				}
				definition := "(" + fmt.Sprintf(columns, null, c.key) + ")"
				w := overwriting(t, s, definition)
				w.spec.Cursor, w.spec.MaxBatchRows, w.spec.MaxBatchBytes = c.cursor, 7, c.bytes
				if c.runs {
					w.spec.MaxBatchRows = 400
				}
				plain := *w
				w.exec("CREATE TABLE u LIKE t")
				plain.introspect("u")
				plain.spec.BulkLoad = false

				r := rand.New(rand.NewPCG(3, 1))
				byFile := 0
				for round := range 40 {
					var rows [][]any
					first := r.IntN(15)
					for i := range 1 + r.IntN(30) {
						id := r.IntN(40)
						if c.runs {
							id = first + i
						}
						var at any = fmt.Sprintf("2024-01-01 00:00:%02d.%03d", round/2+r.IntN(2), 0)
						if null == "NULL" && r.IntN(60) == 0 {
							at = nil
						}
						var v any = fmt.Sprintf("v\t%d", r.IntN(3))
						if r.IntN(5) == 0 {
							v = nil
						}
						rows = append(rows, row(id, at, v, fmt.Sprintf("%d.50", r.IntN(3)), [...]any{"a", "b", nil}[r.IntN(3)]))
					}
					var got mysqldb.UpsertResult
					var err error
					if w.byFile(func() { got, err = w.upsert(rows...) }) {
						byFile++
					}
					require.NoError(t, err)
					want, err := plain.upsert(rows...)
					require.NoError(t, err)
					require.Equal(t, [3]int64{want.Inserted, want.Updated, want.Unchanged}, [3]int64{got.Inserted, got.Updated, got.Unchanged}, "round %d", round)
					require.False(t, got.Approximate)
					w.holds("SELECT COUNT(*) FROM t JOIN u ON t.id = u.id AND t.at <=> u.at AND t.v <=> u.v AND t.n <=> u.n AND t.e <=> u.e AND t.g <=> u.g", w.one("SELECT COUNT(*) FROM u"))
					w.holds("SELECT COUNT(*) FROM t", w.one("SELECT COUNT(*) FROM u"))
				}
				require.Greater(t, byFile, 5)
				if c.cursor != "" && null == "NULL" {
					require.Less(t, byFile, 40, "newer rows were met, and must have been kept")
				}
			})
		})
	}
}

// one is a query's only value.
func (w *writing) one(query string) (text string) {
	w.t.Helper()
	require.NoError(w.t, w.raw.QueryRowContext(w.t.Context(), query).Scan(&text))
	return text
}

// What REPLACE would do and an update does not is a reason to insert.
func TestWhatREPLACEWouldSpoilIsNotOverwritten(t *testing.T) {
	const at = "2024-01-01 00:00:00"
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, c := range map[string]struct {
			definition string
			then       string // with the table's schema as a database of its own
			before     func(w *writing)
			file       bool
			onlyMaria  bool
		}{
			"nothing":         {definition: "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME)", file: true},
			"unique key":      {definition: "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME, UNIQUE (v))"},
			"own foreign key": {definition: "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME, up INT DEFAULT 7, FOREIGN KEY (up) REFERENCES t (id))"},
			"trigger":         {definition: "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME)", then: "CREATE TRIGGER fires BEFORE DELETE ON t FOR EACH ROW SET @gone = 1"},
			"partitions":      {definition: "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME) PARTITION BY HASH (id) PARTITIONS 2"},
			"key's case":      {definition: "(id VARCHAR(9) COLLATE utf8mb4_general_ci PRIMARY KEY, v VARCHAR(9), at DATETIME) CHARSET utf8mb4"},
			"versions":        {definition: "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME) WITH SYSTEM VERSIONING", onlyMaria: true},
			"other engine":    {definition: "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME) ENGINE = Aria", onlyMaria: true},
			"text as cursor":  {definition: "(id INT PRIMARY KEY, v VARCHAR(9), at VARCHAR(30))"},
			"appended":        {definition: "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME)", before: func(w *writing) { w.spec.Mode = mysqldb.ModeAppend }},
			"not allowed":     {definition: "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME)", before: func(w *writing) { w.spec.BulkOverwrite = false }},
			"further column": {definition: "(id INT PRIMARY KEY, v VARCHAR(9), at DATETIME, own INT DEFAULT 5)", before: func(w *writing) {
				w.exec("UPDATE t SET own = 8")
				w.spec.Columns = w.spec.Columns[:3]
			}},
		} {
			t.Run(name, func(t *testing.T) {
				if c.onlyMaria && s.Flavor != servers.FlavorMariaDB {
					return // it has no such thing
				}
				w := overwriting(t, s, c.definition)
				w.exec("INSERT INTO t (id, v, at) VALUES (7, 'old', '" + at + "')")
				if c.then != "" {
					w.exec(c.then)
					w.introspect("t")
				}
				w.spec.Cursor = "at"
				columns := len(w.spec.Columns)
				if c.before != nil {
					c.before(w)
				}
				values := row(7, "new", "2024-01-02 00:00:00", 7)[:min(columns, len(w.spec.Columns))]
				require.Equal(t, c.file, w.byFile(func() {
					_, err := w.upsert(values)
					require.NoError(t, err)
				}))
				want := "new"
				if w.spec.Mode == mysqldb.ModeAppend {
					want = "old"
				}
				w.holds("SELECT v FROM t", want)
				if name == "further column" {
					w.holds("SELECT own FROM t", "8")
				}
			})
		}
	})
}

// Rows of other tables that refer to an overwritten row stay, also where the login cannot see
// that there are such tables.
func TestNothingCascadesFromOverwritingARow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := overwriting(t, s, orders)
		w.spec.Cursor, w.spec.MaxBatchRows = "at", 1 // each key is looked at by itself
		w.wrote(1, 0, 0, row(1, "a", "2024-01-01 00:00:00.000000"))
		w.exec("CREATE TABLE child (id INT PRIMARY KEY, up BIGINT, FOREIGN KEY (up) REFERENCES t (id) ON DELETE CASCADE ON UPDATE CASCADE)")
		w.exec("INSERT INTO child VALUES (5, 1)")
		require.True(t, w.byFile(func() {
			w.wrote(1, 1, 0, row(1, "b", "2024-01-02 00:00:00.000000"), row(2, "c", "2024-01-02 00:00:00.000000"))
		}))
		w.holds("SELECT id, up FROM child", "5|1")
		_, err := w.db.ExecContext(t.Context(), fmt.Sprintf("INSERT INTO %s.child VALUES (6, 77)", w.schema))
		require.Error(t, err, "the session no longer checks foreign keys")
	})
}

// A chunk waits for its own rows only, whoever holds those beside and between them.
func TestOverwritingWaitsForItsOwnRowsOnly(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := overwriting(t, s, orders)
		w.spec.Cursor = "at"
		chunk := func(at string, ids ...int) (rows [][]any) {
			for _, id := range ids {
				rows = append(rows, row(id, "v", at))
			}
			return rows
		}
		var all, dense, gappy, runs, most []int
		for id := 1; id <= 300; id++ {
			all = append(all, id)
			if id > 100 && id <= 200 {
				dense = append(dense, id)
			}
			if id%3 == 0 {
				gappy = append(gappy, id)
			}
			if id%30 < 20 || id%30 == 25 {
				runs = append(runs, id)
			}
			if id < 300 {
				most = append(most, id)
			}
		}
		w.wrote(300, 0, 0, chunk("2024-01-01 00:00:00.000000", all...)...)
		day := 1
		for name, c := range map[string]struct {
			ids  []int
			held string
			gone int64 // before the chunk is written; 0 for none
		}{
			"a run":            {dense, "id <= 100 OR id > 200", 0},
			"with gaps":        {gappy, "id % 3 <> 0", 0},
			"some of it":       {gappy[:7], "id % 3 <> 0 OR id > 21", 0},
			"runs":             {runs, "NOT (id % 30 < 20 OR id % 30 = 25)", 0},
			"a run's last one": {runs, "NOT (id % 30 < 20 OR id % 30 = 25)", 229},
			"nearly all":       {most, "id = 300", 0},
		} {
			day++
			w.exec(fmt.Sprintf("DELETE FROM t WHERE id = %d", c.gone))
			tx, err := w.raw.BeginTx(t.Context(), &sql.TxOptions{Isolation: sql.LevelReadCommitted})
			require.NoError(t, err)
			_, err = tx.ExecContext(t.Context(), "UPDATE t SET v = 'held' WHERE "+c.held)
			require.NoError(t, err)
			require.Equal(t, c.gone == 0, w.byFile(func() {
				res, err := w.upsert(chunk(fmt.Sprintf("2024-01-%02d 00:00:00.000000", day), c.ids...)...)
				require.NoError(t, err, name)
				require.Equal(t, 1, res.Tries, name)
				require.EqualValues(t, min(c.gone, 1), res.Inserted, name)
				require.EqualValues(t, len(c.ids), res.Inserted+res.Updated+res.Unchanged, name)
			}), name)
			require.NoError(t, tx.Rollback())
		}
	})
}

// A fault of a file that overwrites leaves nothing, and is said as ever.
func TestAFaultOfAnOverwritingFileIsTheFaultOfItsRow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := overwriting(t, s, "(id INT PRIMARY KEY, v VARCHAR(3) NOT NULL, at DATETIME, CHECK (v <> 'no'))")
		w.spec.Cursor, w.spec.MaxBatchRows = "at", 1 // each key is looked at by itself
		w.wrote(1, 0, 0, row(2, "old", "2024-01-01 00:00:00"))
		for name, bad := range map[string][]any{
			"too long": row(3, "s3cret", "2024-01-02 00:00:00"),
			"null":     row(3, nil, "2024-01-02 00:00:00"),
			"check":    row(2, "no", "2024-01-02 00:00:00"),
		} {
			require.True(t, w.byFile(func() {
				_, err := w.upsert(row(1, "a", "2024-01-02 00:00:00"), row(2, "new", "2024-01-01 12:00:00"), bad)
				require.Error(t, err, name)
				require.NotContains(t, err.Error(), "s3cret", name)
				require.True(t, mysqldb.IsPermanent(err), name)
			}))
			w.holds("SELECT id, v FROM t", "2|old")
		}
	})
}

func TestOverwritingTakesPrivileges(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		w := newWriting(t, s, orders)
		user := w.schema + "@'%'"
		w.exec("CREATE USER " + user + " IDENTIFIED BY 'pw'")
		t.Cleanup(func() { _, _ = s.DB(t, "").ExecContext(context.WithoutCancel(t.Context()), "DROP USER "+user) })
		w.exec("CREATE TABLE source LIKE t")
		source, err := w.db.Table(t.Context(), table.Name{Schema: w.schema, Table: "source"})
		require.NoError(t, err)
		may := func() bool {
			db, err := mysqldb.Open(t.Context(), w.schema+":pw@tcp("+s.Addr()+")/", mysqldb.Options{Role: mysqldb.Target, Name: "target"})
			require.NoError(t, err)
			defer func() { require.NoError(t, db.Close()) }()
			plan, err := db.PlanTarget(t.Context(), w.db, source, w.spec.Target.Name, mysqldb.TargetOptions{})
			require.NoError(t, err)
			return plan.MayOverwrite
		}
		for _, step := range []struct {
			privileges string
			want       bool
		}{{"SELECT, INSERT, UPDATE", false}, {"DELETE", false}, {"TRIGGER", true}} {
			w.exec("GRANT " + step.privileges + " ON t TO " + user)
			require.Equal(t, step.want, may(), step.privileges)
		}
		w.exec("REVOKE DELETE ON t FROM " + user)
		require.False(t, may(), "without DELETE")
	})
}

// Somebody else's row that arrives between the look and the file is kept where it is newer.
func TestARowThatArrivesWhileAChunkOverwritesIsKept(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		const old, now, later = "2024-01-01 00:00:00.000000", "2024-01-02 00:00:00.000000", "2024-01-03 00:00:00.000000"
		for name, ids := range map[string][]int{"beside one that is there": {1, 2, 5}, "all of them new": {2, 4}} {
			w := overwriting(t, s, orders)
			w.spec.Cursor = "at"
			w.wrote(3, 0, 0, row(1, "a", old), row(3, "c", old), row(5, "e", old))
			var rows [][]any
			for _, id := range ids {
				rows = append(rows, row(id, "chunk", now))
			}
			arrived := false
			_, err := w.db.UpsertChunk(t.Context(), w.spec, w.rows(rows...), func() {
				if !arrived {
					arrived = true
					w.exec("INSERT INTO t VALUES (2, 'newest', '" + later + "')")
				}
			})
			require.NoError(t, err, name)
			require.True(t, arrived, name)
			w.holds("SELECT v FROM t WHERE id = 2", "newest")
		}
	})
}

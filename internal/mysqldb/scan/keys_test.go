package scan_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// numberedKeys have values that no text tells apart: the error value of an ENUM beside its empty member, and the empty
// member of a SET.
var numberedKeys = []keyCase{
	{"enumempty", "a ENUM('y','','x'), b INT", "a, b", "n % 4, n"},
	{"enumlast", "a INT, b ENUM('y','','x') COLLATE utf8mb4_bin", "a, b", "n DIV 4, n % 4"},
	{"enumlatin", "a ENUM('y','','x') CHARACTER SET latin1, b ENUM('q','r')", "a, b", "n % 4, n DIV 4 % 3"},
	{"setempty", "a SET('y','','x'), b INT", "a, b", "n % 8, n"},
	{"setlast", "a INT, b SET('y','','x')", "a, b", "n DIV 8, n % 8"},
	{"setalone", "a SET('','b','c','d','e','f','g','h','i')", "a", "n"},
}

// keysOf are the keys of all rows, as pages bring them.
func keysOf(t *testing.T, db *mysqldb.DB, tbl *schema.Table, columns []table.Column) (keys []table.Texts) {
	t.Helper()
	_, err := scan.ReadPages(t.Context(), db, scan.ReadSpec{
		Table: tbl, Columns: columns, ByKey: true, Limits: scan.PageLimits{Rows: 1000},
	}, func(rows *table.Rows) error {
		for r := range rows.Len() {
			keys = append(keys, keyOfRow(rows, r))
		}
		return nil
	})
	require.NoError(t, err)
	return keys
}

func keyOfRow(rows *table.Rows, r int) table.Texts {
	key := make(table.Texts, rows.Columns())
	for c := range key {
		key[c] = string(rows.Value(r, c))
	}
	return key
}

// looked are the keys that a look by keys finds, each as often as it is found.
func looked(t *testing.T, db *mysqldb.DB, spec scan.KeysSpec) map[string]int {
	t.Helper()
	found := map[string]int{}
	require.NoError(t, scan.ReadKeys(t.Context(), db, spec, func(rows *table.Rows) error {
		for r := range rows.Len() {
			found[keyOfRow(rows, r).Bytes()]++
		}
		return nil
	}))
	return found
}

// Each key that a page brings is found by a look for it, once, alone and among others, in every kind of key.
func TestEachKeyOfAPageIsFound(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		name := s.Schema(t)
		admin := dbtest.Lenient(t, s, name)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for _, c := range append(everyKey(s.Flavor), numberedKeys...) {
			n := 300
			if c.name == "enumlatin" {
				n = 12 // its members have no more pairs
			}
			dbtest.Exec(t, admin, "CREATE TABLE "+c.name+" ("+c.cols+", v INT, PRIMARY KEY ("+c.key+"))")
			dbtest.Fill(t, admin, c.name, n, c.exprs+", n")
			tbl := dbtest.Introspect(t, db, name, c.name)
			spec := scan.KeysSpec{Table: tbl}
			for _, column := range tbl.PrimaryKey {
				spec.Columns = append(spec.Columns, tbl.Column(column).Column)
			}
			spec.Keys = keysOf(t, db, tbl, spec.Columns)
			require.Len(t, spec.Keys, n, c.name)
			want := map[string]int{}
			for _, key := range spec.Keys {
				want[key.Bytes()] = 1
			}
			require.Len(t, want, n, c.name)
			require.Equal(t, want, looked(t, db, spec), c.name)
			for _, key := range spec.Keys[:min(n, 12)] {
				one := spec
				one.Keys = []table.Texts{key}
				require.Equal(t, map[string]int{key.Bytes(): 1}, looked(t, db, one), "%s: %q", c.name, key)
			}
		}
	})
}

// A look for keys that are compared by number is a range of the key, too. It looks at counters of the server, so that
// nothing may run beside it.
func TestKeysByNumberAreARangeOfTheKey(t *testing.T) {
	const rows, asked = 8000, 300
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		name := s.Schema(t)
		admin := dbtest.Lenient(t, s, name)
		db := dbtest.Open(t, s, mysqldb.Options{Name: "src"})
		for _, c := range numberedKeys {
			if c.name == "enumlatin" || c.name == "setalone" {
				continue // a few rows
			}
			dbtest.Exec(t, admin, "CREATE TABLE "+c.name+" ("+c.cols+", v VARCHAR(100), PRIMARY KEY ("+c.key+"))")
			dbtest.Fill(t, admin, c.name, rows, c.exprs+", REPEAT('x', 90)")
			analyze(t, admin, c.name)
			tbl := dbtest.Introspect(t, db, name, c.name)
			spec := scan.KeysSpec{Table: tbl, Columns: table.Carried(tbl.Values())[:2]}
			all := keysOf(t, db, tbl, spec.Columns)
			for i := 0; i < len(all); i += len(all) / asked {
				spec.Keys = append(spec.Keys, all[i])
			}
			before := dbtest.HandlerReads(t, s)
			require.Len(t, looked(t, db, spec), len(spec.Keys), c.name)
			require.Less(t, dbtest.HandlerReads(t, s)-before, rows/2, c.name)
		}
	})
}

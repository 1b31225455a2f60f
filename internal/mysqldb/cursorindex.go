package mysqldb

import (
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// CursorIndex names the index along which a table can be read in the order of its cursor, or
// is empty where there is none: then every run looks at every row of the table.
//
// Such an index begins with the whole cursor column. One that also orders the rows of equal
// cursor values by the primary key is preferred, then one with fewer columns. Invisible,
// prefix, functional and other than B-tree indexes do not serve.
func CursorIndex(t *Table, cursor string) string {
	best, bestTies := -1, false
	for i, ix := range t.Indexes {
		if !servesCursor(ix, cursor) {
			continue
		}
		ties := ordersTies(t, ix)
		if best < 0 || ties && !bestTies || ties == bestTies && len(ix.Columns) < len(t.Indexes[best].Columns) {
			best, bestTies = i, ties
		}
	}
	if best < 0 {
		return ""
	}
	return t.Indexes[best].Name
}

func servesCursor(ix Index, cursor string) bool {
	first := ix.Columns[0]
	return strings.EqualFold(ix.Type, "BTREE") && !ix.Invisible && table.SameColumn(first.Column, cursor) && first.Prefix == 0
}

// ordersTies reports whether an index delivers (cursor, primary key …) in order by itself.
// InnoDB appends the missing columns of the primary key to every secondary index.
func ordersTies(t *Table, ix Index) bool {
	got := append([]IndexColumn(nil), ix.Columns...)
	primary := indexNamed(t, "PRIMARY")
	if strings.EqualFold(t.Engine, "InnoDB") && ix.Name != "PRIMARY" {
		for _, c := range primary.Columns {
			if !hasColumn(got, c.Column) {
				got = append(got, c)
			}
		}
	}
	want := got[:1:1]
	for _, c := range primary.Columns {
		if !table.SameColumn(c.Column, got[0].Column) {
			want = append(want, c)
		}
	}
	if got[0].Desc || len(got) < len(want) {
		return false
	}
	for i := range want {
		if got[i] != want[i] || got[i].Prefix != 0 {
			return false
		}
	}
	return true
}

func hasColumn(cols []IndexColumn, name string) bool {
	for _, c := range cols {
		if table.SameColumn(c.Column, name) {
			return true
		}
	}
	return false
}

// indexNamed is the named index of t, or one without columns.
func indexNamed(t *Table, name string) Index {
	for _, ix := range t.Indexes {
		if ix.Name == name {
			return ix
		}
	}
	return Index{}
}

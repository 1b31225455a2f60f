package schema

import (
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
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
		ties := OrdersTies(t, ix)
		if best < 0 || ties && !bestTies || ties == bestTies && len(ix.Columns) < len(t.Indexes[best].Columns) {
			best, bestTies = i, ties
		}
	}
	if best < 0 {
		return ""
	}
	return t.Indexes[best].Name
}

// AddIndexSQL is the statement that gives a table an index for a cursor, for people.
func AddIndexSQL(t *Table, cursor string) string {
	return "ALTER TABLE " + sqltext.Qualified(t.Name) + " ADD INDEX (" + sqltext.Ident(cursor) + ")"
}

func servesCursor(ix Index, cursor string) bool {
	first := ix.Columns[0]
	return strings.EqualFold(ix.Type, "BTREE") && !ix.Invisible &&
		table.SameColumn(first.Column, cursor) && first.Prefix == 0
}

// OrdersTies reports whether an index delivers (cursor, primary key …) in order by itself.
// InnoDB appends the missing columns of the primary key to every secondary index.
func OrdersTies(t *Table, ix Index) bool {
	got := append([]IndexColumn(nil), ix.Columns...)
	if strings.EqualFold(t.Engine, "InnoDB") && ix.Name != PrimaryIndex {
		for _, c := range IndexNamed(t, PrimaryIndex).Columns {
			if !HasColumn(got, c.Column) {
				got = append(got, c)
			}
		}
	}
	if len(t.Fixed) > 0 {
		return false // the key's columns do not follow each other
	}
	want := got[:1:1]
	for _, c := range t.Key().Columns {
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

// HasColumn reports whether an index has the named column.
func HasColumn(cols []IndexColumn, name string) bool {
	for _, c := range cols {
		if table.SameColumn(c.Column, name) {
			return true
		}
	}
	return false
}

// IndexNamed is the named index of t, or one without columns.
func IndexNamed(t *Table, name string) Index {
	for _, ix := range t.Indexes {
		if ix.Name == name {
			return ix
		}
	}
	return Index{}
}

// NoKeyFinding is the finding on a source without a key. The checks of the source and of the target return the same
// finding, so that a caller can drop one.
func NoKeyFinding(t *Table) table.Finding {
	return table.Finding{
		Level: table.LevelRefuse, Table: t.Name.String(), Topic: table.TopicKey,
		Text:   "the table has no primary key, and no unique key of whole columns that are NOT NULL",
		Remedy: "add a primary key, or make the columns of a unique key NOT NULL",
	}
}

// SupportsLookup reports whether equality of plain columns is what a unique key checks, and an
// index look-up finds it. MariaDB's HASH keys of long texts are never used for looking up.
func SupportsLookup(index Index) bool {
	return index.Type == "BTREE" && !index.Invisible &&
		!slices.ContainsFunc(index.Columns, func(c IndexColumn) bool { return c.Column == "" })
}

// IsExactCollation reports whether only identical strings are equal. The plain _bin
// collations are not among them: they ignore trailing spaces.
func IsExactCollation(collation string) bool {
	return collation == "binary" ||
		strings.HasSuffix(collation, "_nopad_bin") || strings.HasSuffix(collation, "_0900_bin")
}

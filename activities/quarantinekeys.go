package activities

import (
	"slices"

	"github.com/tablehaul/tablehaul/internal/table"
)

// appendValues copies the first values of a row.
func appendValues(to, from *table.Rows, row, columns int) {
	for c := range columns {
		to.Append(from.Value(row, c))
	}
}

// keyColumns are the places of a key's columns among others; ok is false where one is missing.
func keyColumns(key []string, columns []table.Column) (places []int, ok bool) {
	for _, name := range key {
		at := slices.IndexFunc(columns, func(c table.Column) bool { return table.SameColumn(c.Name, name) })
		if at < 0 {
			return nil, false
		}
		places = append(places, at)
	}
	return places, len(places) > 0
}

// keyAt is the key of a row, and keyBytes what tells it from every other key.
func keyAt(rows *table.Rows, row int, places []int) (key table.Texts, keyBytes string) {
	for _, c := range places {
		key = append(key, string(rows.Value(row, c)))
	}
	return key, key.Bytes()
}

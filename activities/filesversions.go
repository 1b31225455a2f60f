package activities

import (
	"encoding/binary"
	"iter"
	"slices"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/table"
)

// versionOrder says which of the rows of a load that have one key counts.
type versionOrder struct {
	// column has the values that decide; without a name, the later row of a file counts.
	column table.Column
	// descending says that the largest value counts, else the smallest. NULL counts last, the later row of two equals.
	descending bool
}

// compares reports whether a value of the rows decides, and not their order in a file alone.
func (o *versionOrder) compares() bool { return o != nil && o.column.Name != "" }

// versionOrder is that of the table; nil where the order of rows says it, or a write that compares cursors. A delete
// leaves nothing to compare with: then the cursor decides within a load before anything is written. So it does of a
// load that takes the target's place, whose rows are counted.
func (p *planDraft) versionOrder() (*versionOrder, error) {
	maker := p.files.found.Schema
	switch {
	case p.settings.Replace != nil && p.settings.Cursor == "":
		return &versionOrder{}, nil
	case (p.removes() || p.settings.Replace != nil) && p.settings.Cursor != "":
		return &versionOrder{p.target.Columns[table.Index(p.target.Columns, p.settings.Cursor)], true}, nil
	case p.settings.Cursor != "", maker == nil, maker.DedupSort == "", maker.Disposition != layout.Merge:
		return nil, nil
	}
	c, err := p.files.makerColumn(maker.DedupSort)
	return &versionOrder{c, maker.DedupDescending}, err
}

// version is a row of a load.
type version struct {
	file  int
	row   int64
	value []byte
}

// versions finds the version of each key that counts, and the rows of the others.
type versions struct {
	order *versionOrder
	best  map[string]version
	lost  [][]int64 // by file
}

func (v *versions) add(key string, now version) {
	was, known := v.best[key]
	if known && !v.counts(now, was) {
		was, now = now, was
	}
	v.best[key] = now
	if known {
		v.lost[was.file] = append(v.lost[was.file], was.row)
	}
}

// counts reports whether a later version counts, and not the earlier one.
func (v *versions) counts(later, earlier version) bool {
	if later.value == nil || earlier.value == nil {
		return later.value != nil || earlier.value == nil
	}
	c := table.CompareValues(v.order.column.Kind, later.value, earlier.value)
	return c == 0 || c > 0 == v.order.descending
}

// packRows packs row numbers: each as what is between it and the one before.
func packRows(rows []int64) (out []byte) {
	slices.Sort(rows)
	before := int64(0)
	for _, row := range rows {
		out = binary.AppendUvarint(out, uint64(row-before))
		before = row
	}
	return out
}

// skipRows are packed row numbers, asked for in order.
type skipRows struct {
	packed []byte
	next   int64
}

// has reports whether a row is among them. Rows are asked for in order.
func (s *skipRows) has(row int64) bool {
	for s.next < row && len(s.packed) > 0 {
		gap, n := binary.Uvarint(s.packed)
		if n <= 0 {
			return false
		}
		s.packed, s.next = s.packed[n:], s.next+int64(gap)
	}
	return s.next == row
}

// numbered yields the rows of a batch with their numbers in the file. before is how many come before the batch; the
// refused ones among them are in no place of it.
func numbered(n int, before int64, bad []format.BadRow) iter.Seq2[int, int64] {
	return func(yield func(int, int64) bool) {
		number := before
		for row := range n {
			number++
			for len(bad) > 0 && bad[0].Row <= number {
				if bad[0].Row == number {
					number++
				}
				bad = bad[1:]
			}
			if !yield(row, number) {
				return
			}
		}
	}
}

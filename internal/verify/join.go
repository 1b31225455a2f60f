package verify

import (
	"slices"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Tally counts what a comparison has seen.
type Tally struct {
	// SourceRows and TargetRows are those that both sides have, those above AsOf included.
	SourceRows int64 `json:"sourceRows"`
	TargetRows int64 `json:"targetRows"`
	// Equal keys have equal rows; Pending ones have a cursor above AsOf on one side at least, and differ.
	Equal   int64 `json:"equal"`
	Pending int64 `json:"pending"`
	// Suspects are the keys that a second look decides.
	Suspects int64 `json:"suspects"`
}

// Add adds another comparison's counts.
func (t *Tally) Add(o Tally) {
	t.SourceRows += o.SourceRows
	t.TargetRows += o.TargetRows
	t.Equal += o.Equal
	t.Pending += o.Pending
	t.Suspects += o.Suspects
}

// entry is what is kept of a row of the first side until the second side's row of the same key comes.
type entry struct {
	sum     Sum
	pending bool
}

// Mode says what a Join looks for, and which of its sides is the first.
type Mode int

const (
	// SameKeys compares the source's rows with all rows that the target has in the same stretch of keys.
	SameKeys Mode = iota
	// SourceKeys compares the source's rows with those of the target that a look by their keys has found.
	SourceKeys
	// TargetKeys looks for rows of the target that a look by their keys does not find at the source. It counts and
	// finds nothing else: SourceKeys has compared the others.
	TargetKeys
)

// Join compares the rows of one stretch of keys: all rows of the first side, which is the source but for TargetKeys,
// then those of the second.
type Join struct {
	layout *Layout
	mode   Mode
	Tally  Tally
	rows   map[string]entry
	found  []string
	key    []byte
	buf    []byte
}

// NewJoin begins a comparison by a layout that is prepared.
func NewJoin(l *Layout, mode Mode) *Join {
	return &Join{layout: l, mode: mode, rows: map[string]entry{}}
}

// First takes rows of the first side.
func (j *Join) First(rows *table.Rows) {
	if j.mode == TargetKeys {
		j.Tally.TargetRows += int64(rows.Len())
	} else {
		j.Tally.SourceRows += int64(rows.Len())
	}
	for r := range rows.Len() {
		j.key = j.layout.keyOf(j.key[:0], rows, r)
		j.rows[string(j.key)] = entry{j.layout.sumOf(&j.buf, rows, r), j.layout.pending(rows, r)}
	}
}

// Keys are the keys of the first side's rows, for a look on the second.
func (j *Join) Keys() []table.Texts {
	out := make([]table.Texts, 0, len(j.rows))
	for key := range j.rows {
		out = append(out, texts(key))
	}
	return out
}

// Second takes rows of the second side. Of a look by keys, rows whose key has other bytes than what was asked for are
// left out: they are another spelling, which a second look tells apart.
func (j *Join) Second(rows *table.Rows) {
	if j.mode == SameKeys {
		j.Tally.TargetRows += int64(rows.Len())
	}
	for r := range rows.Len() {
		j.key = j.layout.keyOf(j.key[:0], rows, r)
		e, there := j.rows[string(j.key)]
		if !there && j.mode != SameKeys {
			continue
		}
		delete(j.rows, string(j.key))
		switch {
		case j.mode == TargetKeys:
		case there && e.sum == j.layout.sumOf(&j.buf, rows, r):
			j.Tally.Equal++
		case e.pending || j.layout.pending(rows, r):
			j.Tally.Pending++
		default:
			j.found = append(j.found, string(j.key))
		}
	}
}

// End takes what is left of the first side's rows for absent on the second, and returns the keys of all suspects, each
// once and in the order of their bytes.
func (j *Join) End() []table.Texts {
	for key, e := range j.rows {
		if e.pending {
			j.Tally.Pending++
		} else {
			j.found = append(j.found, key)
		}
	}
	slices.Sort(j.found)
	j.Tally.Suspects = int64(len(j.found))
	out := make([]table.Texts, len(j.found))
	for i, key := range j.found {
		out[i] = texts(key)
	}
	return out
}

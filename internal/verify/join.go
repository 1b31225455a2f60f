package verify

import (
	"bytes"

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
	// Superseded are rows of files of which the target has a newer version, by cursor. Refused rows of files cannot be
	// converted.
	Superseded int64 `json:"superseded,omitempty"`
	Refused    int64 `json:"refused,omitempty"`
}

// Add adds another comparison's counts.
func (t *Tally) Add(o Tally) {
	t.SourceRows += o.SourceRows
	t.TargetRows += o.TargetRows
	t.Equal += o.Equal
	t.Pending += o.Pending
	t.Suspects += o.Suspects
	t.Superseded += o.Superseded
	t.Refused += o.Refused
}

// entry is what is kept of a row of the first side until the second side's row of the same key comes.
type entry struct {
	print fingerprint
	// end is where its key ends among all keys; it begins where that of the entry before it ends.
	end     int32
	pending bool
	done    bool
	// cursor is kept of rows of files only.
	cursor string
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
	// TargetChanges compares rows of the target that have changed with those of the source that a look by their keys
	// has found. It leaves out pairs of which the source's row has changed too: SourceKeys has compared them.
	TargetChanges
)

// Join compares the rows of one stretch of keys: all rows of the first side, which is the source but for TargetKeys,
// then those of the second.
//
// It keeps the key and the sum of each row of the first side, and of the second side only what Found has not handed
// over yet. So its memory depends on the first side alone, however many rows the second has.
//
//	row of the second side                  what becomes of it
//	its key is that of the next entry       compared; the usual case, since both sides come in the same order
//	its key is that of another entry        compared; entries are found by key from here on
//	no entry has its key                    a suspect, or pending; left out where only keys were asked for
type Join struct {
	layout *Layout
	mode   Mode
	Tally  Tally
	// Digest is that of the rows that are equal.
	Digest Digest
	// entries are the first side's rows, in the order in which they came, and keys the bytes of their keys.
	entries []entry
	keys    []byte
	// next is the entry that the second side's next row should have; byKey finds the others.
	next  int
	byKey map[string]int32
	found []table.Texts
	key   []byte
	buf   []byte
}

// NewJoin begins a comparison by a layout that is prepared.
func NewJoin(l *Layout, mode Mode) *Join { return &Join{layout: l, mode: mode} }

// Reset begins another stretch of the same comparison in the same memory. Its Tally and Digest begin at zero.
func (j *Join) Reset() {
	clear(j.byKey)
	*j = Join{
		layout: j.layout, mode: j.mode, entries: j.entries[:0], keys: j.keys[:0],
		byKey: j.byKey, key: j.key, buf: j.buf,
	}
}

// First takes rows of the first side.
func (j *Join) First(rows *table.Rows) {
	if j.mode == TargetKeys || j.mode == TargetChanges {
		j.Tally.TargetRows += int64(rows.Len())
	} else {
		j.Tally.SourceRows += int64(rows.Len())
	}
	for r := range rows.Len() {
		j.keys = j.layout.keyOf(j.keys, rows, r)
		j.buf = j.layout.appendCompared(j.buf[:0], rows, r)
		e := entry{print: fingerprintOf(j.buf), end: int32(len(j.keys)), pending: j.layout.pending(rows, r)}
		if j.layout.Versions && j.layout.Cursor >= 0 {
			e.cursor = string(rows.Value(r, j.layout.Cursor))
		}
		j.entries = append(j.entries, e)
	}
}

// mostKeyBytes bounds the keys of the first side's rows that are compared at once.
const mostKeyBytes = 8 << 20

// Full reports whether the first side has as many rows as are to be compared at once, or fewer with 8 MiB of keys.
func (j *Join) Full(rows int) bool { return len(j.entries) >= rows || len(j.keys) >= mostKeyBytes }

// keyAt are the bytes of an entry's key.
func (j *Join) keyAt(i int) []byte {
	if i == 0 {
		return j.keys[:j.entries[0].end]
	}
	return j.keys[j.entries[i-1].end:j.entries[i].end]
}

// Keys are the keys of the first side's rows, for a look on the second.
func (j *Join) Keys() []table.Texts {
	out := make([]table.Texts, len(j.entries))
	for i := range out {
		out[i] = texts(j.keyAt(i))
	}
	return out
}

// Second takes rows of the second side. Of a look by keys, rows whose key has other bytes than what was asked for are
// left out: they are another spelling, which a second look tells apart.
func (j *Join) Second(rows *table.Rows) {
	if j.mode == SameKeys || j.layout.Versions {
		j.Tally.TargetRows += int64(rows.Len())
	}
	for r := range rows.Len() {
		j.key = j.layout.keyOf(j.key[:0], rows, r)
		e := j.find(j.key)
		if e == nil && j.mode != SameKeys {
			continue
		}
		if e != nil {
			e.done = true
		}
		switch {
		case j.mode == TargetKeys, j.mode == TargetChanges && j.layout.changed(rows, r):
		case e != nil && j.equal(e, rows, r):
			j.Tally.Equal++
			j.Digest.AddRow(j.buf)
		case e != nil && e.cursor != "" && j.layout.After(rows, r, e.cursor):
			j.Tally.Superseded++
		case e != nil && e.pending || j.layout.pending(rows, r):
			j.Tally.Pending++
		default:
			j.suspect(j.key)
		}
	}
}

// equal compares a row with an entry; j.buf has its values afterwards.
func (j *Join) equal(e *entry, rows *table.Rows, row int) bool {
	j.buf = j.layout.appendCompared(j.buf[:0], rows, row)
	return e.print == fingerprintOf(j.buf)
}

// find is the entry of a key that no row of the second side has had yet, nil where there is none.
func (j *Join) find(key []byte) *entry {
	if j.next < len(j.entries) && bytes.Equal(j.keyAt(j.next), key) && !j.entries[j.next].done {
		j.next++
		return &j.entries[j.next-1]
	}
	if len(j.byKey) == 0 {
		if j.byKey == nil {
			j.byKey = make(map[string]int32, len(j.entries))
		}
		for i := range j.entries {
			j.byKey[string(j.keyAt(i))] = int32(i)
		}
	}
	i, there := j.byKey[string(key)]
	if !there || j.entries[i].done {
		return nil
	}
	j.next = int(i) + 1
	return &j.entries[i]
}

func (j *Join) suspect(key []byte) {
	j.Tally.Suspects++
	j.found = append(j.found, texts(key))
}

// Found are the suspects that were found since it was last asked, nil while they are fewer than least.
func (j *Join) Found(least int) []table.Texts {
	if len(j.found) < least {
		return nil
	}
	out := j.found
	j.found = nil
	return out
}

// End takes what is left of the first side's rows for absent on the second, and returns the suspects that Found has not
// handed over. A key that moved meanwhile may be among them twice.
func (j *Join) End() []table.Texts {
	for i := range j.entries {
		switch e := &j.entries[i]; {
		case e.done:
		case e.pending:
			j.Tally.Pending++
		default:
			j.suspect(j.keyAt(i))
		}
	}
	return j.Found(0)
}

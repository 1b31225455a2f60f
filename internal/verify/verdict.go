package verify

import (
	"encoding/hex"
	"slices"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Verdict says what a difference is.
type Verdict string

// The verdicts of a second look at a key.
const (
	// Settled: both sides are equal by now, or neither has the row.
	Settled Verdict = "settled"
	// Pending: the cursor is above AsOf on one side at least.
	Pending Verdict = "pending"
	// Missing: the row of the source is not on the target.
	Missing Verdict = "missing"
	// Stale: the target's version is older.
	Stale Verdict = "stale"
	// Silent: the cursors are equal, and other values differ. A table without a cursor has no other kind.
	Silent Verdict = "silent"
	// Newer: the target's cursor is above the source's.
	Newer Verdict = "newer"
	// Deleted: the row of the target is not at the source, in two looks, and came from there.
	Deleted Verdict = "deleted"
	// Extra: the row of the target is not at the source, in two looks, and is not known to have come from there.
	Extra Verdict = "extra"
	// Respelled: the row of the target is that of the source under another spelling of its key, such as 'AA' and 'aa'.
	Respelled Verdict = "respelled"
	// Quarantined: the row of the source is in quarantine. The target lacks it, or has an older version.
	Quarantined Verdict = "quarantined"
)

// Differences are the verdicts that make two sides differ, the gravest first.
func Differences() []Verdict {
	return []Verdict{Missing, Stale, Silent, Newer, Respelled, Deleted, Extra}
}

// Unless is the verdict of a key that is, or is not, in quarantine: a row that the target refused is missing there, or
// older, by name.
func (v Verdict) Unless(inQuarantine bool) Verdict {
	if inQuarantine && (v == Missing || v == Stale || v == Silent) {
		return Quarantined
	}
	return v
}

// Differs reports whether the verdict makes the two sides differ.
func (v Verdict) Differs() bool { return slices.Contains(Differences(), v) }

// Row is a row as a second look finds it.
type Row struct {
	Sum     Sum
	Digest  Digest
	Cursor  string
	Pending bool
	// also are the sums of other versions that may be the row as well: those of the same cursor in files.
	also []Sum
	// at counts the rows of files up to this one.
	at int64
}

// is reports whether t is the row r, or another version that may be.
func (r Row) is(t Row) bool { return r.Sum == t.Sum || slices.Contains(r.also, t.Sum) }

// Look holds the rows of both sides that a second look found, by key.
type Look struct {
	layout *Layout
	keys   []table.Texts
	asked  map[string]bool
	sides  [2]map[string]Row
	// other says that a look found a row whose key has other bytes than what was asked for.
	other [2]bool
	// moved are the keys whose row on the target has changed while the source was looked at.
	moved map[string]bool
	read  int64 // rows of files
	buf   []byte
	key   []byte
}

// NewLook begins a second look at keys.
func NewLook(l *Layout, keys []table.Texts) *Look {
	k := &Look{layout: l, keys: keys, asked: make(map[string]bool, len(keys)), sides: [2]map[string]Row{{}, {}}}
	for _, key := range keys {
		k.asked[key.Bytes()] = true
	}
	return k
}

// Add takes rows that a look by key has found on one side. Rows whose key has other bytes than what was asked for are
// kept as well: they are the other spelling of a key.
func (k *Look) Add(side Side, rows *table.Rows) {
	for r := range rows.Len() {
		k.key = k.layout.keyOf(k.key[:0], rows, r)
		row := k.RowOf(rows, r)
		if k.layout.Versions && side == Source {
			k.addVersion(row)
			continue
		}
		k.sides[side][string(k.key)] = row
		k.other[side] = k.other[side] || !k.asked[string(k.key)]
	}
}

// RowOf is a row as a look keeps it.
func (k *Look) RowOf(rows *table.Rows, r int) Row {
	row := Row{Sum: k.layout.sumOf(&k.buf, rows, r), Pending: k.layout.pending(rows, r)}
	row.Digest = digestOf(k.buf)
	if k.layout.Cursor >= 0 {
		row.Cursor = string(rows.Value(r, k.layout.Cursor))
	}
	return row
}

// addVersion takes a version of the row with the key k.key, which files have later than those before. A version of a
// key that was not asked for is left out.
func (k *Look) addVersion(row Row) {
	k.read++
	row.at = k.read
	if !k.asked[string(k.key)] {
		return
	}
	if was, there := k.sides[Source][string(k.key)]; there && k.layout.Cursor >= 0 {
		switch k.layout.compareCursor(row.Cursor, was.Cursor) {
		case -1:
			return
		case 0:
			row.also = was.also
			if !row.is(was) {
				row.also = append(row.also, was.Sum)
			}
		}
	}
	k.sides[Source][string(k.key)] = row
}

// Judgement is the verdict of one key.
type Judgement struct {
	Key     table.Texts
	Verdict Verdict
	// SourceCursor and TargetCursor are "" where the side has no such row, or no cursor. Without one, TargetCursor is
	// what SeenOf says of the row.
	SourceCursor string
	TargetCursor string
	// Equal says that both sides have the row, with one sum; Digest is the row's.
	Equal  bool
	Digest Digest
}

// MaybeRespelled are the keys that one side may have in another spelling: it has no row with their bytes, and the other
// side has. There are none unless it has a row of which that can be the other spelling: one whose key was not asked
// for, or one whose own key the other side lacks. Files may have a key in both spellings.
func (k *Look) MaybeRespelled(side Side) []table.Texts {
	if !k.layout.Versions && !k.other[side] && len(k.lacking(1-side)) == 0 {
		return nil
	}
	return k.lacking(side)
}

// Differing are the keys whose rows differ, with neither of them pending: the target is looked at once more.
func (k *Look) Differing() []table.Texts {
	var out []table.Texts
	for _, key := range k.keys {
		bytes := key.Bytes()
		s, atSource := k.sides[Source][bytes]
		t, onTarget := k.sides[Target][bytes]
		if k.verdict(s, atSource, t, onTarget, false).Differs() {
			out = append(out, key)
		}
	}
	return out
}

// Confirm takes the look at the target that came after the one at the source. A row that is what it was before was so
// when the source was looked at. Any other is pending.
func (k *Look) Confirm(later *Look) {
	k.moved = map[string]bool{}
	for _, key := range later.keys {
		bytes := key.Bytes()
		before, was := k.sides[Target][bytes]
		after, is := later.sides[Target][bytes]
		k.moved[bytes] = was != is || before.Sum != after.Sum
	}
}

// lacking are the keys of which one side has no row with the same bytes, and the other side has.
func (k *Look) lacking(side Side) []table.Texts {
	var out []table.Texts
	for _, key := range k.keys {
		bytes := key.Bytes()
		_, here := k.sides[side][bytes]
		if _, there := k.sides[1-side][bytes]; there && !here {
			out = append(out, key)
		}
	}
	return out
}

// Absent reports whether neither side has a row with the bytes of a key.
func (k *Look) Absent(key table.Texts) bool {
	_, atSource := k.sides[Source][key.Bytes()]
	_, onTarget := k.sides[Target][key.Bytes()]
	return !atSource && !onTarget
}

// Judge says what becomes of the keys. respelled names keys, by their Bytes, that the other side spells in another way.
func (k *Look) Judge(respelled map[string]bool) []Judgement {
	out := make([]Judgement, 0, len(k.keys))
	for _, key := range k.keys {
		bytes := key.Bytes()
		s, atSource := k.sides[Source][bytes]
		t, onTarget := k.sides[Target][bytes]
		verdict := k.verdict(s, atSource, t, onTarget, respelled[bytes])
		if verdict.Differs() && k.moved[bytes] {
			verdict = Pending
		}
		out = append(out, Judgement{
			Key: key, SourceCursor: s.Cursor, TargetCursor: t.seen(k.layout, onTarget),
			Verdict: verdict,
			Equal:   atSource && onTarget && s.is(t), Digest: s.Digest,
		})
	}
	return out
}

func (r Row) seen(l *Layout, there bool) string {
	if there && l.Cursor < 0 {
		return hex.EncodeToString(r.Sum[:])
	}
	return r.Cursor
}

func (k *Look) verdict(s Row, atSource bool, t Row, onTarget, respelled bool) Verdict {
	switch {
	case !atSource && !onTarget, atSource && onTarget && s.is(t):
		return Settled
	case respelled && k.layout.Versions: // of two spellings in files, the target keeps one
		return Settled
	case atSource != onTarget && respelled && k.layout.KeysOnly:
		return Settled
	case atSource && s.Pending, onTarget && t.Pending:
		return Pending
	case atSource != onTarget && respelled:
		return Respelled
	case !onTarget:
		return Missing
	case !atSource && k.layout.Owned:
		return Deleted
	case !atSource:
		return Extra
	case k.layout.Cursor < 0:
		return Silent
	}
	switch k.layout.compareCursor(t.Cursor, s.Cursor) {
	case -1:
		return Stale
	case 1:
		if k.layout.Versions {
			return Settled
		}
		return Newer
	}
	return Silent
}

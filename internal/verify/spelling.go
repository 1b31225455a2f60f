package verify

import "github.com/tablehaul/tablehaul/internal/table"

// Spelling is a row that the target has under another spelling of a key.
type Spelling struct {
	Key, Other table.Texts
	Row        Row
}

// Asked reports whether the look is at a key.
func (k *Look) Asked(key table.Texts) bool { return k.asked[key.Bytes()] }

// HasNewer reports whether the row of the target is at least as new as the files' version of the key. Without a cursor,
// that is the one whose own spelling the files have later; versions is a look at it, where k is none. Otherwise the row
// counts as the key's from here on.
func (k *Look) HasNewer(s Spelling, versions *Look) bool {
	ours := k.sides[Source][s.Key.Bytes()]
	newer := k.layout.KeysOnly
	if k.layout.Cursor >= 0 {
		newer = newer || k.layout.compareCursor(s.Row.Cursor, ours.Cursor) >= 0
	} else {
		other := s.Other.Bytes()
		newer = newer || max(k.sides[Source][other].at, versions.sides[Source][other].at) > ours.at
	}
	if !newer {
		k.sides[Target][s.Key.Bytes()] = s.Row
	}
	return newer
}

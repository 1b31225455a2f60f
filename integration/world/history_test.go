package world_test

import (
	"slices"
	"sync"
)

// A version is a row as the source had it from one commit to the next.
type version struct {
	// at orders all versions of a table by when they were recorded.
	at  int64
	row row
	// gone says that the row was deleted.
	gone bool
}

// A history is every version that the rows of a source table had. Each row belongs to one writer,
// which reads it after each of its commits, by a statement of its own: so no version is missed,
// no reply of a COMMIT has to arrive, and nothing is added to the table that is tested.
type history struct {
	mu   sync.Mutex
	at   int64
	keys map[string][]version
	// added are the values that ALTER TABLE gave to the rows that were there already.
	added map[string]addedColumn
	// differ are columns whose values are not compared any more.
	differ map[string]bool
}

type addedColumn struct {
	at    int64
	value string
}

func newHistory() *history {
	return &history{keys: map[string][]version{}, added: map[string]addedColumn{}, differ: map[string]bool{}}
}

// record takes rows as the source has them now. A row as it was is no new version.
func (h *history) record(rows []row) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range rows {
		old := h.keys[r.key]
		if n := len(old); n > 0 && !old[n-1].gone && old[n-1].row.cursor == r.cursor && sameValues(old[n-1].row, r) {
			old[n-1].row = r // at most columns were added or dropped
			continue
		}
		h.at++
		h.keys[r.key] = append(old, version{at: h.at, row: r})
	}
}

// sameValues compares the columns that both have.
func sameValues(a, b row) bool {
	for i, name := range a.shape {
		if at := slices.Index(b.shape, name); at >= 0 && b.vals[at] != a.vals[i] {
			return false
		}
	}
	return true
}

// recordAll takes all rows of one writer, or of the table where w is negative: what is missing was
// deleted.
func (h *history) recordAll(rows []row, mine func(key string) bool) {
	h.record(rows)
	there := map[string]bool{}
	for _, r := range rows {
		there[r.key] = true
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for key, old := range h.keys {
		if !there[key] && !old[len(old)-1].gone && mine(key) {
			h.at++
			h.keys[key] = append(old, version{at: h.at, gone: true, row: row{key: key}})
		}
	}
}

// add says what rows hold in a column that they did not have.
func (h *history) add(column, value string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.added[column] = addedColumn{at: h.at, value: value}
}

// drop says that a column is not compared any more: the target keeps it, and no run fills it.
func (h *history) drop(column string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.differ[column] = true
}

// now is the number of the last version.
func (h *history) now() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

// find is the newest version that looks like a row of the target; 0 is none.
func (h *history) find(r row) int64 {
	versions := h.keys[r.key]
	for i := len(versions) - 1; i >= 0; i-- {
		if v := versions[i]; !v.gone && h.looksLike(v, r) {
			return v.at
		}
	}
	return 0
}

// looksLike compares the columns that both have. A column that came later holds what ALTER TABLE
// gave it, where that is known.
func (h *history) looksLike(v version, r row) bool {
	for i, name := range r.shape {
		if h.differ[name] {
			continue
		}
		at := slices.Index(v.row.shape, name)
		if at < 0 {
			if a, ok := h.added[name]; ok && v.at <= a.at && a.value != r.vals[i] {
				return false
			}
			continue
		}
		if v.row.vals[at] != r.vals[i] {
			return false
		}
	}
	return true
}

// difference says in what a row of the target differs from the version that it is closest to.
func (h *history) difference(r row) string {
	versions := h.keys[r.key]
	best, words := -1, "the source never had this key"
	for _, v := range slices.Backward(versions) {
		if v.gone {
			continue
		}
		same, what := 0, ""
		for i, name := range r.shape {
			at := slices.Index(v.row.shape, name)
			switch {
			case at < 0:
			case v.row.vals[at] == r.vals[i]:
				same++
			default:
				what += " " + name + " is " + short(r.vals[i]) + ", was " + short(v.row.vals[at]) + ";"
			}
		}
		if same > best {
			best, words = same, "beside its closest version:"+what
		}
	}
	return words
}

func short(s string) string {
	if s == null {
		return "NULL"
	}
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

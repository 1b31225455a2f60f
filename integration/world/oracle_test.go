package world_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A target is one table that the product writes, and what the oracle remembers of it.
type target struct {
	name string // for people: server and table
	// seen is the newest version of each row that was found there: none may be replaced by an
	// older one.
	seen map[string]int64
	// spoiled are rows that were changed there by hand, with the newest version at that time.
	spoiled map[string]int64
	// late are rows that the last run should have brought and did not, where one more run is
	// allowed.
	late map[string]int64
}

// again forgets what was found: the target holds something else now.
func (t *target) again() { t.seen, t.late = map[string]int64{}, map[string]int64{} }

func newTarget(name string) *target {
	return &target{name: name, seen: map[string]int64{}, spoiled: map[string]int64{}, late: map[string]int64{}}
}

// A promise is what a run that ended well has promised.
type promise struct {
	// watermark bounds the versions that must be there; with number it is one. Without a cursor
	// those must be that were recorded when the run began, up to began.
	watermark string
	cursor    bool
	number    bool
	began     int64
	// below says that rows may still come at the watermark itself.
	below bool
	// from bounds a backfill, exclusive, up to the watermark: what was recorded when it began.
	from string
	// upTo bounds what was recorded when the run began, where that must be there with any
	// watermark is; empty is no such promise.
	upTo string
	// patient allows one more run: where a limit that is documented needs the overlap.
	patient bool
	// mayMove allows a row to be away, or as it was, that has a version above the watermark: it
	// gave its unique value to another row, and comes back with its own.
	mayMove bool
}

// maxFaults bounds what is reported of one comparison: the first rows say it all.
const maxFaults = 5

// compare compares a target's rows with the history. kept is nil where no run has promised
// anything.
func (h *history) compare(t *target, rows []row, kept *promise) (faults []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	tell := func(format string, args ...any) {
		if len(faults) < maxFaults {
			faults = append(faults, t.name+": "+fmt.Sprintf(format, args...))
		}
	}
	have := map[string]int64{}
	for _, r := range rows {
		at := h.find(r)
		since, spoiled := t.spoiled[r.key]
		switch {
		case spoiled && at <= since:
			have[r.key] = since // as it was made by hand: that nothing newer has come is seen below
			continue
		case at == 0:
			tell("row %s is no version that the source ever had; %s", r.key, h.difference(r))
			continue
		case at < t.seen[r.key]:
			tell("row %s is older than it was: %s", r.key, r)
		}
		delete(t.spoiled, r.key)
		have[r.key] = at
		t.seen[r.key] = max(at, t.seen[r.key])
	}
	if kept == nil {
		return faults
	}
	late := map[string]int64{}
	for _, key := range slices.Sorted(maps.Keys(h.keys)) {
		need := h.needs(key, *kept)
		if have[key] >= need || kept.mayMove && h.moved(key, need) {
			continue
		}
		late[key] = need
		if was, ok := t.late[key]; kept.patient && (!ok || have[key] >= was) {
			continue
		}
		at, there := have[key]
		tell("row %s is lost: watermark %q, needed %s (version %d), there %v (version %d)", key, kept.watermark,
			h.version(key, need), need, there, at)
	}
	t.late = late
	return faults
}

// moved reports whether the source has a newer version.
func (h *history) moved(key string, since int64) bool {
	versions := h.keys[key]
	return versions[len(versions)-1].at > since
}

// needs is the oldest version of a row that a promise allows; 0 where it may be missing.
func (h *history) needs(key string, p promise) (need int64) {
	for _, v := range h.keys[key] {
		switch {
		case v.gone:
			need = 0 // no run has to have seen what was deleted
		case p.covers(v):
			need = v.at
		}
	}
	return need
}

func (p promise) covers(v version) bool {
	switch {
	case !p.cursor:
		return v.at <= p.began
	case p.upTo != "" && v.row.cursor <= p.upTo && v.at <= p.began:
		return true
	case p.from != "" && v.at > p.began:
		return false
	case p.from != "" && !p.number && v.row.cursor <= p.from, p.from != "" && p.number &&
		!lessNumber(p.from, v.row.cursor):
		return false
	case p.below && v.row.cursor == p.watermark:
		return false
	case p.watermark == "":
		return false
	case p.number:
		return !lessNumber(p.watermark, v.row.cursor)
	default:
		return v.row.cursor <= p.watermark
	}
}

// lessNumber compares whole numbers of any size.
func lessNumber(a, b string) bool {
	if na, nb := strings.HasPrefix(a, "-"), strings.HasPrefix(b, "-"); na != nb {
		return na
	} else if na {
		a, b = b[1:], a[1:] // the larger without its sign is the less
	}
	if len(a) != len(b) {
		return len(a) < len(b)
	}
	return a < b
}

func (h *history) version(key string, at int64) string {
	for _, v := range h.keys[key] {
		if v.at == at {
			return v.row.String()
		}
	}
	return "nothing"
}

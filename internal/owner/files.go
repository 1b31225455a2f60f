package owner

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// floorAge is how old a load has to be before the floor rises past it: until then, a load with a lower time that
	// is completed later is loaded as well.
	floorAge = 7 * 24 * time.Hour
	// maxLoads bounds the loads that are remembered one by one: at 32 bytes each, 128 KiB of a state.
	maxLoads = 4000
	// maxNamed bounds the files that were loaded by name.
	maxNamed = 1000
)

// Files is what a table of files has loaded.
type Files struct {
	// Origin is a digest of where the files are and whose they are.
	Origin string `json:"origin"`
	// Floor is the time below which every load counts as done; the zero time is none.
	Floor time.Time `json:"floor,omitzero"`
	// Done are the loads that are done, at the floor and above it, the oldest first; below it, those of which files are
	// still to be put away.
	Done Loads `json:"done,omitempty"`
	// Named are files that a person has loaded by name, and that are no load of their own: they wait for a marker.
	Named Loads `json:"named,omitempty"`
	// Newest is the load with the highest time that is done.
	Newest *LoadRef `json:"newest,omitempty"`
	// Columns are those of the table, where its first file has decided them.
	Columns []string `json:"columns,omitempty"`
	// Below sums what the loads below the floor were, when a run has looked: it changes when one arrives or goes.
	Below uint64 `json:"below,omitempty"`
	// LookedAt is when the last run that was done has listed the files.
	LookedAt time.Time `json:"lookedAt,omitzero"`
}

// LoadRef names a load.
type LoadRef struct {
	// ID is empty where only the time is known.
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
}

// String is for people: "load a of 2026-01-02 03:04:05", with the time in UTC.
func (r *LoadRef) String() string {
	text := "a load"
	if r.ID != "" {
		text = "load " + r.ID
	}
	return text + " of " + r.Time.UTC().Format(time.DateTime)
}

// Load is a load that is done: a digest of its id and of the version of its files, its time, exact to a millisecond,
// and the fence of the run that was done with it, 0 in a request.
type Load struct {
	ID, Version uint64
	Time        time.Time
	Run         int64
}

// LoadOf digests the names of a load.
func LoadOf(id, version string, at time.Time) Load {
	return Load{ID: digest(id), Version: digest(version) >> 32, Time: at.UTC().Truncate(time.Millisecond)}
}

func digest(text string) uint64 {
	sum := sha256.Sum256([]byte(text))
	return binary.BigEndian.Uint64(sum[:])
}

// Loads are many loads, which JSON holds in 32 bytes each.
type Loads []Load

// packed is the size of a load before base64: id 8, version 4, time 6, run 6.
const packed = 24

// MarshalJSON packs the loads.
func (l Loads) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, len(l)*packed)
	for _, one := range l {
		b = binary.BigEndian.AppendUint64(b, one.ID)
		b = binary.BigEndian.AppendUint32(b, uint32(one.Version))
		for _, n := range []int64{one.Time.UnixMilli(), one.Run} {
			b = append(b, byte(n>>40), byte(n>>32), byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
		}
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(b))
}

// UnmarshalJSON is the reverse of MarshalJSON.
func (l *Loads) UnmarshalJSON(text []byte) error {
	var s string
	if err := json.Unmarshal(text, &s); err != nil {
		return fmt.Errorf("loads: %w", err)
	}
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b)%packed != 0 {
		return errors.Join(errors.New("loads cannot be read"), err)
	}
	*l = nil
	for ; len(b) > 0; b = b[packed:] {
		six := func(at int) int64 { return int64(binary.BigEndian.Uint64(b[at-2:]) & (1<<48 - 1)) }
		*l = append(*l, Load{
			ID: binary.BigEndian.Uint64(b), Version: uint64(binary.BigEndian.Uint32(b[8:])),
			Time: time.UnixMilli(six(12)).UTC(), Run: six(18),
		})
	}
	return nil
}

// FilesDone is what a run has loaded, or looked at without finding anything to load.
type FilesDone struct {
	Origin string `json:"origin"`
	// Forget drops what is known of earlier loads: they are other files, or the target has lost them.
	Forget bool `json:"forget,omitempty"`
	// KeepRuns, unless it is 0, drops the loads of runs with a higher fence: the target has lost them.
	KeepRuns int64 `json:"keepRuns,omitempty"`
	Loads    Loads `json:"loads,omitempty"`
	// Named: see Files.
	Named  Loads    `json:"named,omitempty"`
	Newest *LoadRef `json:"newest,omitempty"`
	// Below is that of Files, nil where the run has not looked at all loads.
	Below    *uint64   `json:"below,omitempty"`
	Columns  []string  `json:"columns,omitempty"`
	LookedAt time.Time `json:"lookedAt,omitzero"`
	// Unfinished says that loads are left: there are more than one run takes, or a person has named others. The floor
	// then rises up to Through at most, the time of the oldest of them, and stays where that is zero.
	Unfinished bool      `json:"unfinished,omitempty"`
	Through    time.Time `json:"through,omitzero"`
	// PutsAway says that files are put away: loads below the floor stay known until theirs are, up to maxLoads.
	PutsAway bool `json:"putsAway,omitempty"`
}

// LostLoads says which loads count as done no longer.
type LostLoads struct {
	// KeepRuns is the highest fence of the runs whose loads stay; 0: none stays.
	KeepRuns int64 `json:"keepRuns,omitempty"`
}

// Without is the state without loads that are lost; nil where nothing is left. f may be nil.
func (f *Files) Without(lost LostLoads) *Files {
	if f == nil || lost.KeepRuns == 0 {
		return nil
	}
	return f.With(FilesDone{
		Origin: f.Origin, KeepRuns: lost.KeepRuns, LookedAt: f.LookedAt, Unfinished: true, Columns: f.Columns,
	}, 0, time.Time{})
}

// With is the state after a run with this fence, which ended now. f may be nil.
func (f *Files) With(done FilesDone, fence int64, now time.Time) *Files {
	out := Files{Origin: done.Origin, Columns: done.Columns, LookedAt: done.LookedAt, Newest: done.Newest}
	if f != nil && !done.Forget {
		out.Floor, out.Done, out.Named = f.Floor, slices.Clone(f.Done), slices.Clone(f.Named)
		if out.Below = f.Below; done.Below != nil {
			out.Below = *done.Below
		}
		if kept := f.newestOf(done.KeepRuns); kept != nil && (out.Newest == nil || kept.Time.After(out.Newest.Time)) {
			out.Newest = kept
		}
	}
	out.Done = slices.DeleteFunc(out.Done, func(l Load) bool {
		return done.KeepRuns != 0 && l.Run > done.KeepRuns ||
			slices.ContainsFunc(done.Loads, func(n Load) bool { return n.ID == l.ID })
	})
	for _, l := range done.Loads {
		l.Run = fence
		out.Done = append(out.Done, l)
	}
	out.Named = slices.DeleteFunc(out.Named, func(l Load) bool {
		return done.KeepRuns != 0 && l.Run > done.KeepRuns ||
			slices.ContainsFunc(done.Named, func(n Load) bool { return n.ID == l.ID })
	})
	for _, l := range done.Named {
		l.Run = fence
		out.Named = append(out.Named, l)
	}
	out.Named = out.Named[max(0, len(out.Named)-maxNamed):]
	slices.SortFunc(out.Done, func(a, b Load) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.ID, b.ID)) })
	if !done.Unfinished || !done.Through.IsZero() {
		out.raiseFloor(done, now)
	}
	return &out
}

// newestOf is the newest load that runs up to this fence have done; 0 is every run. The id of one that was not the
// newest of all is not known any more.
func (f *Files) newestOf(lastRun int64) *LoadRef {
	isLost := func(l Load) bool { return l.Run > lastRun }
	if lastRun == 0 || !slices.ContainsFunc(f.Done, isLost) {
		return f.Newest
	}
	var out *LoadRef
	for _, l := range f.Done {
		if !isLost(l) && (out == nil || l.Time.After(out.Time)) {
			out = &LoadRef{Time: l.Time}
		}
	}
	return out
}

// raiseFloor raises the floor to the newest load that is old enough, up to Through unless it is zero, and forgets the
// loads below it. Loads of that very time are still told apart.
func (f *Files) raiseFloor(done FilesDone, now time.Time) {
	old, beyond := now.Add(-floorAge), len(f.Done)-maxLoads
	for i, l := range f.Done {
		if !done.Through.IsZero() && l.Time.After(done.Through) {
			break
		}
		if (l.Time.Before(old) || i < beyond) && l.Time.After(f.Floor) {
			f.Floor = l.Time
		}
	}
	kept := f.Done[:0]
	for i, l := range f.Done {
		if l.Time.Before(f.Floor) && (i < beyond || !done.PutsAway) {
			f.Below += l.Sum()
			continue
		}
		kept = append(kept, l)
	}
	f.Done = kept
}

// Sum is what a load adds to Files.Below.
func (l Load) Sum() uint64 { return l.ID + l.Version }

// A LoadState says what is known of a load.
type LoadState int

// States of a load.
const (
	// LoadNew was never loaded.
	LoadNew LoadState = iota
	// LoadDone was loaded as it is now.
	LoadDone
	// LoadChanged was loaded with other files, or with files of other content.
	LoadChanged
	// LoadBelow lies below the floor: it was loaded, or came more than a week late.
	LoadBelow
)

// StateOf says what is known of a load. f may be nil.
func (f *Files) StateOf(l Load) LoadState {
	if f == nil {
		return LoadNew
	}
	for _, d := range f.Done {
		if d.ID == l.ID {
			if d.Version == l.Version {
				return LoadDone
			}
			return LoadChanged
		}
	}
	if l.Time.Before(f.Floor) {
		return LoadBelow
	}
	return LoadNew
}

// Newer reports whether a load newer than l is done; a load of the same time is not newer.
func (f *Files) Newer(l Load) bool { return f != nil && f.Newest != nil && f.Newest.Time.After(l.Time) }

// Knows reports whether a load of this id is done, in any version.
func (f *Files) Knows(id string) bool {
	if f == nil {
		return false
	}
	of := digest(id)
	return slices.ContainsFunc(f.Done, func(l Load) bool { return l.ID == of })
}

// WasNamed reports whether a person has loaded a file by its name, in this version.
func (f *Files) WasNamed(l Load) bool {
	return f != nil && slices.ContainsFunc(f.Named, func(n Load) bool { return n.ID == l.ID && n.Version == l.Version })
}

// String is for people.
func (f *Files) String() string {
	if f.Newest == nil {
		return "none loaded yet"
	}
	text := "the newest is " + f.Newest.String()
	if !f.Floor.IsZero() {
		text += fmt.Sprintf("; all before %s are done", f.Floor.UTC().Format(time.DateTime))
	}
	return text
}

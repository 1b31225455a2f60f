package layout

import (
	"context"
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/files"
)

// marked takes what markers complete: a marker whose pattern ends in a plain name, such as _SUCCESS, completes the
// folder that it is in and all below it; one with a *, such as *.done, the file that the * names. A marker that lists
// files completes those.
func (p plain) marked(ctx context.Context, s files.Store) (Found, error) {
	data, markers, err := p.entries(ctx, s)
	if err != nil {
		return Found{}, err
	}
	m := marking{plain: p, data: data, covered: make([]bool, len(data)), at: map[string]int{}, of: map[string][]int{}}
	for i, f := range data {
		m.at[f.Key] = i
		for stem := range stems(f.Key) {
			m.of[stem] = append(m.of[stem], i)
		}
	}
	var rest []files.Entry
	for _, e := range markers {
		listed, err := p.listed(ctx, s, e)
		if err != nil {
			return Found{}, err
		}
		if listed == nil {
			rest = append(rest, e)
			continue
		}
		m.take(e, m.named(e, listed))
	}
	if p.perFile {
		for _, e := range rest {
			m.take(e, m.ofFile(e))
		}
	} else {
		m.folders(rest)
	}
	m.found.Waiting = append(m.found.Waiting, m.unmarked()...)
	return m.found, nil
}

// marking is one look at markers and data.
type marking struct {
	plain
	data    []File
	covered []bool           // by a marker
	at      map[string]int   // of a key
	of      map[string][]int // of a key with and without its suffixes
	found   Found
}

// stems are a key, and what is left of it without its last suffix, the last two, and so on.
func stems(key string) iter.Seq[string] {
	return func(yield func(string) bool) {
		base := strings.LastIndexByte(key, '/') + 1
		for yield(key) {
			dot := strings.LastIndexByte(key[base:], '.')
			if dot < 0 {
				return
			}
			key = key[:base+dot]
		}
	}
}

// picked is what a marker completes, as places in data; missing says what is not there as it should be, and folder that
// it is all of the marker's folder.
type picked struct {
	files   []int
	missing string
	folder  bool
}

// take adds what a marker completes to the loads, or to the waits.
func (m *marking) take(e files.Entry, of picked) {
	load := Load{ID: e.Key, Time: e.Modified, Marker: &e, OfFolder: of.folder}
	whole := of.missing == ""
	for _, i := range of.files {
		f := m.data[i]
		m.covered[i] = true
		load.Files = append(load.Files, f)
		if f.Modified.After(e.Modified) && of.missing == "" {
			of.missing = fmt.Sprintf("%s was modified after its marker %s: the marker has to be written last",
				f.Key, e.Key)
		}
	}
	sortFiles(load.Files)
	load.Version = Version(load.Files)
	var there []File
	if whole {
		there = load.Files
	}
	switch {
	case of.missing != "":
		m.found.Waiting = append(m.found.Waiting, Wait{
			ID: e.Key, Why: of.missing, Since: newest(e, load.Files), Files: there,
		})
	case len(load.Files) > 0:
		m.found.Loads = append(m.found.Loads, load)
	}
}

// named are the files that a marker lists.
func (m *marking) named(e files.Entry, listed []listedFile) (of picked) {
	for _, want := range listed {
		i, ok := m.find(want.name, path.Dir(e.Key))
		if ok {
			of.files = append(of.files, i)
		}
		switch {
		case of.missing != "":
		case !ok:
			of.missing = fmt.Sprintf("%s is missing, which the marker %s lists", want.name, e.Key)
		case want.size >= 0 && want.size != m.data[i].Size:
			of.missing = fmt.Sprintf("%s has %d bytes, and %d by the marker %s",
				m.data[i].Key, m.data[i].Size, want.size, e.Key)
		}
	}
	slices.Sort(of.files)
	of.files = slices.Compact(of.files)
	return of
}

// find is the file of a name that is relative to the marker's folder or to the store, or a URL.
func (m *marking) find(name, dir string) (int, bool) {
	if _, rest, url := strings.Cut(name, "://"); url {
		for more := true; more; {
			if _, rest, more = strings.Cut(rest, "/"); more {
				if i, ok := m.at[rest]; ok {
					return i, true
				}
			}
		}
		return 0, false
	}
	if i, ok := m.at[path.Join(dir, name)]; ok {
		return i, true
	}
	i, ok := m.at[path.Clean(name)]
	return i, ok
}

// ofFile is the file that a marker of a file names, with or without its suffixes.
func (m *marking) ofFile(e files.Entry) (of picked) {
	dir, base := path.Split(e.Key)
	before, after, _ := strings.Cut(path.Base(m.complete.marker), "*")
	stem := strings.TrimSuffix(strings.TrimPrefix(base, before), after)
	for _, i := range m.of[dir+stem] {
		if !m.covered[i] {
			of.files = append(of.files, i)
		}
	}
	if len(of.files) == 0 {
		of.missing = fmt.Sprintf("the file %s is missing, which the marker %s completes", dir+stem, e.Key)
	}
	return of
}

// folders gives each file to the marker of its folder, or to that of the next folder above that has one.
func (m *marking) folders(markers []files.Entry) {
	byDir := map[string]int{}
	for i, e := range markers {
		byDir[path.Dir(e.Key)] = i
	}
	of := make([]picked, len(markers))
	for i, f := range m.data {
		for dir := path.Dir(f.Key); !m.covered[i]; dir = path.Dir(dir) {
			if n, ok := byDir[dir]; ok {
				of[n].files = append(of[n].files, i)
				break
			}
			if dir == "." {
				break
			}
		}
	}
	for n, e := range markers {
		of[n].folder = true
		m.take(e, of[n])
	}
}

// unmarked are waits for files without a marker, one for each folder.
func (m *marking) unmarked() []Wait {
	var waits []Wait
	at := map[string]int{}
	for i, f := range m.data {
		if m.covered[i] {
			continue
		}
		id := path.Dir(f.Key) + "/"
		n, ok := at[id]
		if !ok {
			n, at[id] = len(waits), len(waits)
			waits = append(waits, Wait{ID: id, Why: fmt.Sprintf("%s has no marker %s", f.Key, m.complete.marker)})
		}
		waits[n].Files = append(waits[n].Files, f)
		if f.Modified.After(waits[n].Since) {
			waits[n].Since = f.Modified
		}
	}
	return waits
}

func newest(m files.Entry, list []File) time.Time {
	t := m.Modified
	for _, f := range list {
		if f.Modified.After(t) {
			t = f.Modified
		}
	}
	return t
}

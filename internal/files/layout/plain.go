package layout

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/files"
)

// plain finds files by globs. Each is a load of its own, or those that one marker completes are.
type plain struct {
	options  Options
	complete complete
	match    []glob
	marker   glob
	// perFile says that a marker completes the file of its own name, and not its folder.
	perFile bool
}

func newPlain(o Options, c complete) (discoverer, error) {
	p := plain{options: o, complete: c}
	if len(o.Match) == 0 {
		return nil, refuse("layout: plain has no match: write one or more globs, such as orders/*.parquet")
	}
	for _, pattern := range o.Match {
		g, err := parseGlob(pattern)
		if err != nil {
			return nil, err
		}
		p.match = append(p.match, g)
	}
	switch c.kind {
	case bySettling:
		return p.settled, nil
	case byMarker:
		pattern := c.marker
		if !strings.Contains(pattern, "/") {
			pattern = "**/" + pattern
		}
		g, err := parseGlob(pattern)
		if err != nil {
			return nil, err
		}
		p.marker, p.perFile = g, strings.ContainsAny(path.Base(pattern), special)
		if stars := strings.Count(path.Base(pattern), "*"); p.perFile && stars != 1 {
			return nil, refuse("complete: the marker %q has %d *: write one, which is the file's name", c.marker, stars)
		}
		return p.marked, nil
	default:
		return nil, refuse("layout: plain needs a rule of completeness: write complete: settled:10m, or marker:<glob>")
	}
}

// entries are the files that match, and the markers. Markers are listed first: all files of a marker that was seen are
// there when the files are listed. One listing of both would pass a file by that comes behind it, just before its
// marker.
func (p plain) entries(ctx context.Context, s files.Store) (data []File, markers []files.Entry, err error) {
	isMarker := func(e files.Entry) bool { return p.complete.kind == byMarker && p.marker.match(e.Key) }
	if p.complete.kind == byMarker {
		err = s.List(ctx, p.marker.prefix, func(e files.Entry) error {
			if isMarker(e) {
				markers = append(markers, e)
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	prefix := p.match[0].prefix
	for _, g := range p.match {
		prefix = common(prefix, g.prefix)
	}
	err = s.List(ctx, prefix, func(e files.Entry) error {
		if !isMarker(e) && slices.ContainsFunc(p.match, func(g glob) bool { return g.match(e.Key) }) {
			f := File{Entry: e}
			f.Format, f.Compression = formatOf(e.Key)
			data = append(data, f)
		}
		return nil
	})
	sortFiles(data)
	slices.SortFunc(markers, func(a, b files.Entry) int { return natural(a.Key, b.Key) })
	return data, markers, err
}

// settled takes each file that has not changed for a while.
func (p plain) settled(ctx context.Context, s files.Store) (Found, error) {
	data, _, err := p.entries(ctx, s)
	if err != nil {
		return Found{}, err
	}
	var found Found
	for _, f := range data {
		if age := p.options.Now.Sub(f.Modified); age < p.complete.settled {
			at := f.Modified.UTC().Format("2006-01-02 15:04:05")
			why := fmt.Sprintf("%s was modified at %s, less than %s ago", f.Key, at, p.complete.settled)
			found.Waiting = append(found.Waiting, Wait{ID: f.Key, Since: f.Modified, Why: why})
			continue
		}
		found.Loads = append(found.Loads, Load{ID: f.Key, Version: f.Version, Time: f.Modified, Files: []File{f}})
	}
	return found, nil
}

// common is the longest string that both begin with.
func common(a, b string) string {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return a[:i]
		}
	}
	return a[:n]
}

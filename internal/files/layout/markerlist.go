package layout

import (
	"context"
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/files"
)

// maxMarker bounds what is read of a marker, in bytes. A larger one is refused.
const maxMarker = 4 << 20

// listedFile is a file that a marker names.
type listedFile struct {
	name string
	size int64 // -1 where the marker does not say
}

// listed is what a marker lists: the entries of Redshift's manifests, a JSON array files or the array itself, or lines
// that all match the globs. Any other content says nothing, and the result is nil.
func (p plain) listed(ctx context.Context, s files.Store, m files.Entry) ([]listedFile, error) {
	if m.Size == 0 {
		return nil, nil
	}
	text, err := readSmall(ctx, s, m, maxMarker)
	if err != nil {
		return nil, err
	}
	text = []byte(strings.TrimSpace(string(text)))
	if list := listedJSON(text); list != nil {
		return list, nil
	}
	var list []listedFile
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		f := listedFile{name: line, size: -1}
		ours := func(g glob) bool { return g.match(path.Join(path.Dir(m.Key), line)) || g.match(path.Clean(line)) }
		if !slices.ContainsFunc(p.match, ours) {
			return nil, nil
		}
		list = append(list, f)
	}
	return list, nil
}

func listedJSON(text []byte) []listedFile {
	type item struct {
		URL, Key, Path, Name string
		Size                 *int64
		Meta                 struct {
			ContentLength *int64 `json:"content_length"`
		}
	}
	var doc struct{ Entries, Files json.RawMessage }
	var items []item
	if json.Unmarshal(text, &doc) == nil {
		text = slices.Concat(doc.Entries, doc.Files)
	}
	var names []string
	if json.Unmarshal(text, &names) == nil {
		for _, n := range names {
			items = append(items, item{Name: n})
		}
	} else if json.Unmarshal(text, &items) != nil {
		return nil
	}
	var list []listedFile
	for _, i := range items {
		f := listedFile{size: -1}
		for _, name := range []string{i.URL, i.Key, i.Path, i.Name} {
			if f.name == "" {
				f.name = name
			}
		}
		for _, size := range []*int64{i.Size, i.Meta.ContentLength} {
			if size != nil {
				f.size = *size
			}
		}
		if f.name != "" {
			list = append(list, f)
		}
	}
	return list
}

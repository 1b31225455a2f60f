package layout

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/files"
)

// chunks are the table's data files: of each basename one file, or chunks 0 to N, the last of which has two @. What
// @.done.json or the numbers say is missing is a wait: a dump may be on its way here, its small files first.
func (s shell) chunks(
	ctx context.Context, store files.Store, d *dump, bases []string, t shellTable,
) (list []File, wait string, err error) {
	var done struct {
		ChunkFileBytes map[string]int64
	}
	if err := readDoc(ctx, store, d.entries[shellDone], &done); err != nil {
		return nil, "", err
	}
	missing := map[string]bool{}
	there, said := slices.Sorted(maps.Keys(d.entries)), slices.Sorted(maps.Keys(done.ChunkFileBytes))
	for _, base := range bases {
		ext := regexp.QuoteMeta("." + t.Extension)
		name := regexp.MustCompile("^" + regexp.QuoteMeta(base) + `(?:@(@?)(\d+))?` + ext + "$")
		n, last, whole := 0, "", false
		for key := range withPrefix(there, base) {
			m := name.FindStringSubmatch(key)
			if m == nil {
				continue
			}
			n++
			whole = whole || m[2] == ""
			if m[1] != "" {
				last = m[2]
			}
			list = append(list, File{Entry: d.entries[key], Format: "tsv", Compression: t.Compression})
		}
		for key := range withPrefix(said, base) {
			if _, ok := d.entries[key]; !ok && name.MatchString(key) {
				missing[key] = true
			}
		}
		if !whole && fmt.Sprint(n-1) != last && len(missing) == 0 {
			missing["chunks of "+base] = true
		}
	}
	if len(missing) > 0 {
		names := slices.Sorted(maps.Keys(missing))
		return nil, fmt.Sprintf("of the dump %s, %s is missing, and %d more", d.key, names[0], len(names)-1), nil
	}
	sortFiles(list)
	return list, "", nil
}

// withPrefix are those of sorted names that begin with a prefix. A table has thousands of partitions, and a dump a
// million files.
func withPrefix(names []string, prefix string) iter.Seq[string] {
	return func(yield func(string) bool) {
		from, _ := slices.BinarySearch(names, prefix)
		for _, name := range names[from:] {
			if !strings.HasPrefix(name, prefix) || !yield(name) {
				return
			}
		}
	}
}

// readDoc reads a JSON document of a dump.
func readDoc(ctx context.Context, store files.Store, e files.Entry, into any) error {
	text, err := readSmall(ctx, store, e, maxShellDoc)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, into); err != nil {
		return refuse("%s is no metadata of a MySQL Shell dump", e.Key)
	}
	return nil
}

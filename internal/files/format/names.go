package format

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Bounds of the names in a file of JSON: a table has 4,096 columns at most, whose names have 64 characters.
const (
	maxNames     = 1 << 14 // different ones
	maxNameBytes = 4 << 20 // of all different ones
	maxName      = 1 << 10 // bytes of one that may be a column's
)

// Names are the names of the columns in a file, in its order. Those of JSON are the names in all of its objects, which
// takes a pass over the whole file; its bad rows are passed over. Errors are those of Open.
func Names(ctx context.Context, f File, name string, o Options) ([]string, error) {
	o, err := resolve(f, name, o)
	if err != nil {
		return nil, err
	}
	switch o.Format {
	case Parquet:
		foot, err := readFooter(f, name)
		if err != nil {
			return nil, err
		}
		var names []string
		for _, n := range foot.root.children {
			names = append(names, n.name)
		}
		return names, nil
	case JSONLines, JSON:
		return jsonNames(ctx, f, name, &o)
	}
	s, err := newSource(ctx, f, name, &o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	r := &textReader{src: s}
	if err := r.choose(&o); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := r.begin(Position{}, &o); err != nil {
		return nil, s.wrap(err, 0)
	}
	return r.names, nil
}

func jsonNames(ctx context.Context, f File, name string, o *Options) ([]string, error) {
	s, err := newSource(ctx, f, name, o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	r := &jsonReader{src: s, lines: o.Format == JSONLines}
	r.object.init(nil)
	if err = r.begin(Position{}); err != nil {
		return nil, s.wrap(err, 0)
	}
	var names []string
	seen, size := map[string]bool{}, 0
	r.object.onKey = func(key []byte) {
		if !seen[string(key)] && len(names) <= maxNames && size <= maxNameBytes {
			size += len(key)
			seen[string(key)] = true
			names = append(names, string(key))
		}
	}
	for {
		object, n, err := r.next()
		if errors.Is(err, io.EOF) {
			return slices.Clip(names), nil
		}
		if err != nil {
			return nil, s.wrap(err, r.row+1)
		}
		if object != nil {
			r.object.parse(object)
			r.row++
		}
		if len(names) > maxNames {
			return nil, fileError(name, r.row, "its objects have more than %d different names", maxNames)
		}
		if size > maxNameBytes {
			return nil, fileError(name, r.row, "the names in its objects have more than %d bytes together",
				maxNameBytes)
		}
		s.advance(n)
	}
}

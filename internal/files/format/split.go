package format

import (
	"context"
	"fmt"
)

// Split cuts a file into pieces of about size bytes, size > 0, that can be read independently of one another: each
// piece is from its position, inclusive, to the next one's (Options.Until). The first position is the zero value.
//
// Parquet is cut at row groups, and large row groups by rows. JSON Lines, TSV and CSV are cut between two rows, where
// they are not compressed: see cutter. Other files are one piece. Errors are those of Open.
func Split(ctx context.Context, f File, name string, o Options, size int64) ([]Position, error) {
	o, err := resolve(f, name, o)
	if err != nil {
		return nil, err
	}
	switch {
	case f.Size() <= size:
		return []Position{{}}, nil
	case o.Format == Parquet:
		return splitParquet(f, name, size)
	case o.Format != JSON && o.Compression == none:
		return splitText(ctx, f, name, &o, size)
	}
	return []Position{{}}, nil
}

func splitParquet(f File, name string, size int64) ([]Position, error) {
	out := []Position{{}}
	foot, err := readFooter(f, name)
	if err != nil || foot.rows == 0 {
		return out, err
	}
	// Rows of one file have about the same size. A piece begins with a row group where one begins near its end.
	each := max(1, foot.rows/max(1, f.Size()/size))
	next := each
	for i, g := range foot.groups {
		if start := g.before; start >= next-each/2 && start > out[len(out)-1].Row {
			out = append(out, Position{Row: start, Group: i})
			next = start + each
		}
		for next < g.before+g.rows-each/2 {
			out = append(out, Position{Row: next, Group: i})
			next += each
		}
		if len(out) > maxPieces {
			return nil, fmt.Errorf("%s: %w: it would be cut into more than %d pieces", name, ErrFile, maxPieces)
		}
	}
	return out, nil
}

const maxPieces = 1 << 16

// splitText cuts a text. A place where no cut is certain makes a piece longer.
func splitText(ctx context.Context, f File, name string, o *Options, size int64) ([]Position, error) {
	c := cutter{ctx: ctx, f: f, name: name, o: o, limit: maxRow(o)}
	first := int64(0)
	if o.Format != JSONLines {
		var err error
		if first, err = c.header(); err != nil {
			return nil, err
		}
	}
	if o.Format == CSV { // a cut may cost a look at as much as a row may have
		size = max(size, 8*c.limit)
	}
	out := []Position{{}}
	for at := max(size, first); at < f.Size()-size/2; at += size {
		cut, err := c.after(at)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if cut > out[len(out)-1].Offset && cut < f.Size() {
			out = append(out, Position{Offset: cut, Base: cut})
			at = max(at, cut)
		}
	}
	return out, nil
}

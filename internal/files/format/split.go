package format

import (
	"context"
	"fmt"
)

// Split cuts a file into pieces of about size bytes, size > 0, that can be read independently of one another: each
// piece is from its position, inclusive, to the next one's (Options.Until). The first position is the zero value.
//
// Parquet is cut at row groups, and large row groups by rows. Other files are one piece: what is refused needs a row
// number, and a compressed text cannot be entered in the middle. Errors are those of Open.
func Split(_ context.Context, f File, name string, o Options, size int64) ([]Position, error) {
	o, err := resolve(f, name, o)
	if err != nil {
		return nil, err
	}
	out := []Position{{}}
	if o.Format != Parquet || f.Size() <= size {
		return out, nil
	}
	foot, err := readFooter(f, name)
	if err != nil {
		return nil, err
	}
	if foot.rows == 0 {
		return out, nil
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

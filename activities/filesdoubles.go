package activities

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/table"
)

// maxDoublesRows bounds the rows of a load whose keys are compared, at about 16 bytes of memory each.
const maxDoublesRows = 10_000_000

// refuseDoubles refuses a load of several files, of a table without a cursor, that have a key in common: files of one
// load have no order, so that nothing says which row is newer. It reads the keys of all rows, and says how many there
// are.
func (p *planDraft) refuseDoubles(ctx context.Context) error {
	if !p.ordered() || p.preview {
		return nil
	}
	for _, l := range p.files.loads {
		if len(l.Files) < 2 {
			continue
		}
		n, err := p.countDoubles(ctx, l)
		if err != nil {
			return translateFiles(ctx, err, p.filesAt())
		}
		if n > 0 {
			return filesRefused("set a cursor, by which the newest row wins", "load %s has %s in more than one of its "+
				"files, which have no order: nothing says which row is newer", l.ID, human.Count(n, "key"))
		}
	}
	return nil
}

// countDoubles counts rows whose key is in an earlier file of the load.
func (p *planDraft) countDoubles(ctx context.Context, l layout.Load) (doubles int, err error) {
	seed := maphash.MakeSeed()
	first := map[uint64]int32{} // the file that has a key
	for i, file := range l.Files {
		err := p.eachKey(ctx, file, func(key []byte) error {
			sum := maphash.Bytes(seed, key)
			if other, known := first[sum]; known && other != int32(i) {
				doubles++
				return nil
			}
			if first[sum] = int32(i); len(first) > maxDoublesRows {
				return filesRefused("set a cursor, by which the newest row wins", "load %s has more than %d rows in "+
					"several "+
					"files, too many to look for keys that are in two of them", l.ID, maxDoublesRows)
			}
			return nil
		})
		if err != nil {
			return 0, err
		}
	}
	return doubles, nil
}

// eachKey calls f with the key of each row of a file; rows that are refused are left to ReadFiles.
func (p *planDraft) eachKey(ctx context.Context, file layout.File, f func(key []byte) error) error {
	in, err := p.files.store.Open(ctx, file.Entry)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // opened for reading
	var cols []table.Column
	for _, name := range p.table.PrimaryKey {
		c := p.target.Columns[table.Index(p.target.Columns, name)]
		cols = append(cols, c)
	}
	o := p.settings.formatOptions(file, p.files.found.Text)
	if !isJSON(file.Key, o) {
		names, err := format.Names(ctx, in, file.Key, o)
		if err != nil {
			return err
		}
		matched, err := format.Match(names, cols)
		if err != nil {
			return err
		}
		if len(matched.Missing) > 0 {
			return fmt.Errorf("%s: %w: it has no column %s of the key", file.Key, format.ErrColumns, matched.Missing[0])
		}
		cols = matched.Columns
	}
	reader, err := format.Open(ctx, in, file.Key, o, cols, format.Position{})
	if err != nil {
		return err
	}
	defer reader.Close() //nolint:errcheck // opened for reading
	var key []byte
	for {
		rows, _, err := reader.Next(ctx, p.settings.ChunkRows)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for row := range rows.Len() {
			key = key[:0]
			for c := range cols {
				key = table.AppendValue(key, rows.Value(row, c))
			}
			if err := f(key); err != nil {
				return err
			}
		}
		rows.Return()
	}
}

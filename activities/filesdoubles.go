package activities

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// keysAtOnce bounds the keys of a load that are looked at together, at about 40 bytes of memory each, and
	// versionsAtOnce those whose versions are compared together. The files are read again for more.
	keysAtOnce     = 5_000_000
	versionsAtOnce = 500_000
	// maxShares bounds how often they are read: for 640 million rows.
	maxShares = 128
)

// errManyKeys says that a share of the keys is too large.
var errManyKeys = errors.New("a load has too many rows to look for keys that are there twice")

// settleVersions decides which version of each row of a load counts, where a write cannot: by versionOrder. Without
// one, a load of several files that have a key in common is refused: files of one load have no order, so that nothing
// says which row is newer. It reads the keys of all rows. A comparison takes the same versions.
func (p *planDraft) settleVersions(ctx context.Context, in PlanRunInput) error {
	if !p.ordered() && p.settings.Replace == nil || p.preview && !in.compare {
		return nil
	}
	order, err := p.versionOrder()
	if err != nil {
		return filesRefused("set a cursor, by which the newest row wins",
			"column %s (dedup_sort) cannot be ordered: %s", p.files.found.Schema.DedupSort, err)
	}
	for _, l := range p.files.loads {
		if len(l.Files) == 0 || order == nil && (len(l.Files) < 2 || in.compare) {
			continue
		}
		err := p.settleLoad(ctx, l, order)
		if err != nil {
			return translateFiles(ctx, err, p.filesAt())
		}
	}
	return nil
}

// settleLoad settles the versions of one load. Where its keys are too many for memory, it takes a share of them at a
// time.
func (p *planDraft) settleLoad(ctx context.Context, l layout.Load, order *versionOrder) error {
	for shares := uint64(1); ; shares *= 2 {
		s := settler{p: p, load: l, order: order, seed: maphash.MakeSeed(), shares: shares}
		s.lost = make([][]int64, len(l.Files))
		err := s.run(ctx)
		if errors.Is(err, errManyKeys) && shares < maxShares {
			continue
		}
		if err != nil {
			return err
		}
		for i, file := range l.Files {
			p.files.skip[l.ID+"\x00"+file.Key] = packRows(s.lost[i])
		}
		return nil
	}
}

// settler settles the versions of a load.
type settler struct {
	p      *planDraft
	load   layout.Load
	order  *versionOrder
	seed   maphash.Seed
	shares uint64
	across int       // rows whose key is in an earlier file
	lost   [][]int64 // by file, the rows of versions that do not count
}

func (s *settler) run(ctx context.Context) error {
	for share := range s.shares {
		twice, err := s.findDoubles(ctx, share)
		if err != nil {
			return err
		}
		if s.order == nil || len(twice) == 0 {
			continue
		}
		parts := uint64(len(twice)/versionsAtOnce + 1)
		for part := range parts {
			err := s.compare(ctx, func(sum uint64) bool {
				_, ok := twice[sum]
				return ok && sum/s.shares%parts == part
			})
			if err != nil {
				return err
			}
		}
	}
	if !s.order.compares() && s.across > 0 {
		return filesRefused("set a cursor, by which the newest row wins", "load %s has %s in more than one of its "+
			"files, which have no order: nothing says which row is newer", s.load.ID, human.Count(s.across, "key"))
	}
	return nil
}

// compare compares the versions of some keys, by the hash of each.
func (s *settler) compare(ctx context.Context, among func(sum uint64) bool) error {
	v := versions{order: s.order, best: map[string]version{}, lost: s.lost}
	for i, file := range s.load.Files {
		err := s.p.eachKey(ctx, file, s.order, func(row int64, key, value []byte) error {
			if among(maphash.Bytes(s.seed, key)) {
				v.add(string(key), version{file: i, row: row, value: slices.Clone(value)})
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// findDoubles finds those keys of a share that a load has more than once, by their hash, and counts rows whose key is
// in an earlier file.
func (s *settler) findDoubles(ctx context.Context, share uint64) (twice map[uint64]struct{}, err error) {
	twice = map[uint64]struct{}{}
	first := map[uint64]int32{} // the file that has a key
	for i, file := range s.load.Files {
		err := s.p.eachKey(ctx, file, nil, func(_ int64, key, _ []byte) error {
			sum := maphash.Bytes(s.seed, key)
			if sum%s.shares != share {
				return nil
			}
			if other, known := first[sum]; known {
				twice[sum] = struct{}{}
				if other != int32(i) {
					s.across++
				}
				return nil
			}
			if first[sum] = int32(i); len(first) > keysAtOnce {
				return errManyKeys
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return twice, nil
}

// eachKey calls f with the number of each row of a file, its key and the value that orders versions, where that is
// asked for; rows that are refused are left to ReadFiles.
func (p *planDraft) eachKey(
	ctx context.Context, file layout.File, order *versionOrder, f func(row int64, key, value []byte) error,
) error {
	in, err := p.files.store.Open(ctx, file.Entry)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // opened for reading
	reader, keys, at, err := p.openKeys(ctx, in, file, order)
	if err != nil {
		return err
	}
	defer reader.Close() //nolint:errcheck // opened for reading
	var key, value []byte
	for {
		before := reader.Position().Row
		rows, bad, err := reader.Next(ctx, p.settings.ChunkRows)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for row, number := range numbered(rows.Len(), before, bad) {
			key = key[:0]
			for _, c := range keys {
				key = table.AppendValue(key, rows.Value(row, c))
			}
			if at >= 0 {
				value = rows.Value(row, at)
			}
			if err := f(number, key, value); err != nil {
				return err
			}
		}
		rows.Return()
	}
}

// openKeys opens a file for the columns of the key, which are those at keys, and the one that orders versions, which is
// at the place at, -1 for none.
func (p *planDraft) openKeys(
	ctx context.Context, in format.File, file layout.File, order *versionOrder,
) (_ format.Reader, keys []int, at int, err error) {
	var cols []table.Column
	for _, name := range p.table.PrimaryKey {
		cols = append(cols, p.target.Columns[table.Index(p.target.Columns, name)])
	}
	inKey := -1
	if order.compares() {
		if inKey = table.Index(cols, order.column.Name); inKey < 0 {
			cols = append(cols, order.column)
		}
	}
	o := p.settings.formatOptions(file, p.files.found.Text)
	if !isJSON(file.Key, o) {
		names, err := format.Names(ctx, in, file.Key, o)
		if err != nil {
			return nil, nil, -1, err
		}
		matched, err := format.Match(file.Key, names, cols)
		if err != nil {
			return nil, nil, -1, err
		}
		cols = matched.Columns
	}
	for _, name := range p.table.PrimaryKey {
		i := table.Index(cols, name)
		if i < 0 {
			return nil, nil, -1, fmt.Errorf("%s: %w: it has no column %s of the key", file.Key, format.ErrColumns, name)
		}
		keys = append(keys, i)
	}
	at = -1
	if order.compares() {
		at = table.Index(cols, order.column.Name)
	}
	reader, err := format.Open(ctx, in, file.Key, o, cols, format.Position{})
	return reader, keys, at, err
}

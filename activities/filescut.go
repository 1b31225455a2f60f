package activities

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// plannedFile is a file of a range, or a piece of one that can be cut.
type plannedFile struct {
	layout.File
	// From is where the piece begins, Until where it ends; the zero value of Until is the file's end.
	From  format.Position `json:"from,omitzero"`
	Until format.Position `json:"until,omitzero"`
	// Skip are the packed numbers of rows that do not count, since the load has other versions of them.
	Skip []byte `json:"skip,omitempty"`
	// Load is the time of the load, where deletes have it.
	Load time.Time `json:"load,omitzero"`
}

// cutFiles makes the ranges of a run: files together until they are large enough, and pieces of a large file. Without a
// cursor, ranges and their chunks are written one after the other: by load, and by row within a file.
func (p *planDraft) cutFiles(ctx context.Context) error {
	f := p.files
	size := max(f.rangeBytes, f.reads().Bytes/maxRanges+1)
	p.ranges = slices.Clone(f.keptRanges)
	var now []plannedFile
	var sum int64
	flush := func() {
		if len(now) > 0 {
			p.ranges = append(p.ranges, piece{Files: now})
			now, sum = nil, 0
		}
	}
	for _, l := range f.loads {
		for _, file := range l.Files {
			skip := f.skip[l.ID+"\x00"+file.Key]
			pieces, err := p.splitFile(ctx, file, size, len(skip) > 0)
			if err != nil {
				return err
			}
			for _, one := range pieces {
				if one.Skip = skip; f.removal != nil {
					one.Load = l.Time
				}
				if now = append(now, one); f.compare && p.ordered() {
					continue
				}
				if sum += file.Size / int64(len(pieces)); sum >= size {
					flush()
				}
			}
		}
	}
	flush()
	p.nothing = len(p.ranges) == 0
	return nil
}

// ordered reports whether rows of files are written in the order of loads and files: nothing in them says which is
// newer, or nothing is left on the target that a row is compared with, once it is deleted there. A load that takes the
// target's place has each key once.
func (p *planDraft) ordered() bool {
	return p.files != nil && p.settings.Replace == nil && (p.settings.Cursor == "" || p.removes())
}

// splitFile cuts a file into pieces of about a size, where that is possible and order does not matter. whole says that
// it stays one, since some of its rows are left out by their numbers: pieces of text do not know theirs.
func (p *planDraft) splitFile(
	ctx context.Context, file layout.File, size int64, whole bool,
) ([]plannedFile, error) {
	if whole || p.ordered() || file.Size < 2*size {
		return []plannedFile{{File: file}}, nil
	}
	f, err := p.files.store.Open(ctx, file.Entry)
	if err != nil {
		return nil, translateFiles(ctx, err, p.filesAt())
	}
	defer f.Close() //nolint:errcheck // opened for reading
	starts, err := format.Split(ctx, f, file.Key, p.settings.formatOptions(file, p.files.found.Text), size)
	if err != nil {
		return nil, translateFiles(ctx, err, p.filesAt())
	}
	if len(starts) == 0 {
		return []plannedFile{{File: file}}, nil
	}
	out := make([]plannedFile, len(starts))
	for i := range starts {
		out[i] = plannedFile{File: file, From: starts[i]}
		if i > 0 {
			out[i-1].Until = starts[i]
		}
	}
	return out, nil
}

// positionIn and filePosition are a place in the files of a range as a manifest holds it.
func positionIn(file int, at format.Position) *table.Position {
	texts := make(table.Texts, 0, positionNumbers)
	for _, n := range []int64{int64(file), at.Row, at.Offset, int64(at.Group), at.Base} {
		texts = append(texts, strconv.FormatInt(n, 10))
	}
	return &table.Position{Values: texts}
}

// positionNumbers are those of a place.
const positionNumbers = 5

func filePosition(p *table.Position, count int) (file int, at format.Position, err error) {
	if p == nil {
		return 0, at, nil
	}
	if n := len(p.Values); n != positionNumbers {
		return 0, at, fmt.Errorf("a position of %d values: %w", n, staging.ErrCorrupt)
	}
	var numbers [positionNumbers]int64
	for i, text := range p.Values {
		if numbers[i], err = strconv.ParseInt(text, 10, 64); err != nil || numbers[i] < 0 {
			return 0, at, fmt.Errorf("a position in files: %w", staging.ErrCorrupt)
		}
	}
	if numbers[0] >= int64(count) {
		return 0, at, fmt.Errorf("a position in file %d of %d: %w", numbers[0], count, staging.ErrCorrupt)
	}
	return int(numbers[0]), format.Position{
		Row: numbers[1], Offset: numbers[2], Group: int(numbers[3]), Base: numbers[4],
	}, nil
}

package activities

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// compareFiles compares the rows of a range of files with those that the target has under their keys, and stages the
// keys that a second look decides: in one file may be an old version of what another one has.
func (c *openedComparison) compareFiles(ctx context.Context, parts *partWriter) error {
	join := verify.NewJoin(&c.c.Layout, verify.SourceKeys)
	most := c.a.deps.Sizes.Stretch
	flush := func() error {
		err := c.slice(ctx, func(time.Time) error {
			if err := c.sameLoads(ctx); err != nil {
				return err
			}
			return c.lookUp(ctx, c.dst, join.Keys(), func(rows *table.Rows) error {
				join.Second(rows)
				return nil
			})
		})
		return c.endJoin(ctx, parts, join, err)
	}
	pending := false
	err := c.eachFileRows(ctx, c.r.plan.Ranges[c.r.in.Range].Files, func(rows *table.Rows, refused int) error {
		c.out.Refused += int64(refused)
		c.rows.Add(int64(rows.Len()))
		join.First(rows)
		if pending = !join.Full(most); pending {
			return nil
		}
		return flush()
	})
	if err == nil && pending {
		err = flush()
	}
	return err
}

// sameLoads fails where loads were done since the comparison was planned, and no cursor tells their rows from those
// that it reads.
func (c *openedComparison) sameLoads(ctx context.Context) error {
	if c.c.Layout.Cursor >= 0 {
		return nil
	}
	state, err := c.a.state(ctx, c.r.in.Table)
	if err != nil {
		return err
	}
	if filesMark(state) != c.c.FilesDone {
		return failure.New(failure.TableChanged, c.r.in.Table+" was loaded while it was compared", "start it again")
	}
	return nil
}

// eachFileRows hands the rows of files to f, some thousand at a time and in their order, with how many could not be
// converted. f must not keep them. What was read of a file counts only if the file is unchanged.
func (c *openedComparison) eachFileRows(
	ctx context.Context, list []plannedFile, f func(rows *table.Rows, refused int) error,
) error {
	at := where{doing: "read the files of " + c.r.in.Table}
	store, err := files.Open(c.r.plan.Settings.Files.URL)
	if err != nil {
		return translateFiles(ctx, err, at)
	}
	read := fileCopy{r: c.r, store: store, want: c.c.Layout.ColumnsOf(verify.Source)}
	read.out = read.want
	for _, one := range list {
		if err := read.eachRows(ctx, one, f); err != nil {
			return translateFiles(ctx, err, at)
		}
	}
	return nil
}

// eachRows hands the rows of a file to f.
func (c *fileCopy) eachRows(ctx context.Context, p plannedFile, f func(rows *table.Rows, refused int) error) error {
	file, err := c.store.Open(ctx, p.Entry)
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // opened for reading
	reader, shape, err := c.open(ctx, file, p, p.From)
	if err != nil {
		return err
	}
	defer reader.Close() //nolint:errcheck // opened for reading
	for {
		before := reader.Position().Row
		rows, bad, err := reader.Next(ctx, c.r.plan.Settings.ChunkRows)
		if errors.Is(err, io.EOF) {
			return files.Unchanged(ctx, c.store, p.Entry)
		}
		if err != nil {
			return c.changedOr(ctx, p, err)
		}
		out, _ := c.reshape(rows, shape, numbered(rows.Len(), before, bad))
		err = f(out, len(bad))
		rows.Return()
		if err != nil {
			return err
		}
	}
}

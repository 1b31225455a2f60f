package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
)

// maxRanges bounds a run's ranges, and with them the history of SyncTable (about 15 events a
// range, docs/scale.md): larger tables get larger ranges, which are moved in slices.
const maxRanges = 200

// cut makes the ranges of the run: pieces of the key space, or of the window where that is
// large, and the window's tail. It reads no rows: estimates and single looks into an index have to do, and a range
// that turns out larger is moved in slices.
func (p *planDraft) cut(ctx context.Context) error {
	var err error
	switch {
	case p.nothing:
	case p.files != nil:
		return p.cutFiles(ctx)
	case p.byKey():
		err = p.cutKeys(ctx)
	default:
		var none bool
		if none, err = p.findsNothing(ctx); none {
			return nil
		}
		if err == nil {
			err = p.cutWindow(ctx)
		}
	}
	p.addTail()
	return translate(ctx, err, p.cutAt())
}

func (p *planDraft) cutAt() where {
	return where{p.settings.SourceConnection, "cut the ranges of " + p.settings.Table.String()}
}

func (p *planDraft) cutKeys(ctx context.Context) (err error) {
	p.rowsEstimate = p.table.RowsEstimate
	if p.keyRanges == nil {
		p.keyRanges, err = p.cutKeySpace(ctx)
	}
	for i := range p.keyRanges {
		p.ranges = append(p.ranges, piece{Keys: &p.keyRanges[i]})
	}
	return err
}

func (p *planDraft) cutKeySpace(ctx context.Context) ([]scan.KeyRange, error) {
	return scan.CutRanges(ctx, p.src, p.table, maxRanges, p.settings.RangeRows)
}

// findsNothing reports whether an incremental run has no row to read, in its window or above it: then it needs no
// range, and no step that reads one.
func (p *planDraft) findsNothing(ctx context.Context) (bool, error) {
	if p.mode != api.ModeIncremental || p.id.state.Adopt || len(p.id.replaces) > 0 {
		return false, nil // a target is taken over by a run that writes its state row
	}
	return scan.NoneAbove(ctx, p.src, p.table, p.settings.Cursor, p.window.Lo, p.instance.Digest)
}

// cutWindow leaves a window of the usual size whole: it is then moved in the run's own history.
func (p *planDraft) cutWindow(ctx context.Context) error {
	p.ranges = []piece{{}}
	if !p.preview { // which shows how many rows there are
		small, err := scan.IsSmallWindow(ctx, p.src, p.table, p.settings.Cursor, p.window, 2*p.settings.RangeRows)
		if err != nil || small {
			return err
		}
	}
	rows, err := scan.WindowRows(ctx, p.src, p.table, p.settings.Cursor, p.window)
	p.windowRows = rows
	if err != nil || rows < 2*p.settings.RangeRows {
		return err
	}
	p.rowsEstimate = rows
	windows, err := scan.CutWindow(ctx, p.src, p.table, p.settings.Cursor, p.window, maxRanges, p.settings.RangeRows)
	if err != nil || len(windows) < 2 {
		return err
	}
	p.ranges = make([]piece, len(windows))
	for i := range windows {
		p.ranges[i].Window = &windows[i]
	}
	return nil
}

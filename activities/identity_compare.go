package activities

import (
	"cmp"
	"context"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// compareIdentity says what differs such that the state does not speak of what is there.
func (p *planDraft) compareIdentity(ctx context.Context, was *owner.Identity) (changed string, err error) {
	now, s := p.id.now, &p.id.state
	if was == nil || was.CursorType == now.CursorType {
		if err := p.fitWatermark(); err != nil {
			return "", err
		}
	}
	if was == nil {
		return p.adoptState(ctx)
	}
	switch {
	case was.Target.Table != now.Target.Table:
		return fmt.Sprintf("it is of the target %s, the configuration says %s, which has rows", was.Target.Table,
			now.Target.Table), nil
	case s.Watermark != "" && !table.SameColumn(was.Cursor, now.Cursor):
		return fmt.Sprintf("it is of %s, the configuration says %s", cursorName(was.Cursor), cursorName(now.Cursor)),
			nil
	case was.CursorZone != now.CursorZone:
		return fmt.Sprintf("it is of cursorZone %q, the configuration says %q", was.CursorZone, now.CursorZone), nil
	}
	if changed := p.otherRows(was); changed != "" {
		return changed, nil
	}
	if changed := cmp.Or(p.narrowed(was), p.checkRemade(was, false)); changed != "" {
		return changed, nil
	}
	if changed := p.convertWatermark(was); changed != "" {
		return changed, nil
	}
	if changed, err := p.compareTarget(ctx, was); changed != "" || err != nil {
		return changed, err
	}
	return p.compareSource(ctx, was)
}

// fitWatermark writes a watermark that a person has set as the cursor's type has it. A state workflow cannot: it does
// not know the column.
func (p *planDraft) fitWatermark() error {
	s, cursor := &p.id.state, p.table.Column(p.settings.Cursor)
	if s.Watermark == "" || cursor == nil {
		return nil
	}
	refused := table.CheckCursor(cursor.Column, s.Watermark)
	if refused == nil {
		return nil
	}
	mark, err := source.FitCursor(cursor.Column, s.Watermark)
	if err != nil {
		return failure.New(failure.IdentityChanged,
			fmt.Sprintf("the watermark %q of %s was set by hand: %v", s.Watermark, p.settings.Table, refused),
			"tablehaul watermark set "+human.Arg(p.settings.Table.String())+" VALUE")
	}
	p.warnings = append(p.warnings, fmt.Sprintf("the watermark %s was set by hand, and becomes %s: the cursor %s is %s",
		s.Watermark, mark, cursor.Name, cursor.Type))
	s.Watermark = mark
	return nil
}

// convertWatermark carries the watermark over to the cursor's present type.
func (p *planDraft) convertWatermark(was *owner.Identity) (changed string) {
	s := &p.id.state
	if s.Watermark == "" || was.CursorType == p.id.now.CursorType {
		return ""
	}
	mark, err := source.ConvertCursor(was.CursorType, p.table.Column(p.settings.Cursor).Column, s.Watermark)
	if err != nil {
		return fmt.Sprintf("it is of %s as %s, which is now %s", was.Cursor, was.CursorType, p.id.now.CursorType)
	}
	if mark != s.Watermark {
		p.warnings = append(p.warnings, fmt.Sprintf("the cursor %s was %s and is %s: the watermark %s becomes %s",
			was.Cursor, was.CursorType, p.id.now.CursorType, s.Watermark, mark))
	}
	s.Watermark = mark
	return ""
}

// compareTarget tells the target of the last runs, one that has lost its last runs, and another one.
func (p *planDraft) compareTarget(ctx context.Context, was *owner.Identity) (changed string, err error) {
	s, row := &p.id.state, p.id.row
	moved := !was.Target.Server.Same(p.id.now.Target.Server)
	switch {
	case row == nil && was.Target.Row:
		return fmt.Sprintf("the target %s on %s has no state row of this table: it is another target, or was written "+
			"by others", p.settings.Target, p.id.now.Target.Server), nil
	case row == nil && moved:
		agrees, err := p.rowsAgree(ctx)
		if err != nil || !agrees {
			return fmt.Sprintf("it is of the target on %s, the connection now leads to %s, whose rows differ",
				was.Target.Server, p.id.now.Target.Server), err
		}
	case row != nil && row.Run < was.Target.Run:
		return p.lowerWatermark(ctx, was)
	}
	if moved {
		p.warnings = append(p.warnings, fmt.Sprintf("the target is on another server than before, %s instead of %s: "+
			"it is taken for the same, moved", p.id.now.Target.Server, was.Target.Server))
	}
	if s.FirstLoad != nil && row != nil {
		first := *s.FirstLoad
		first.Done = bothDone(first.Done, row.Done)
		s.FirstLoad = &first
	}
	return "", nil
}

// lowerWatermark goes back to what the target says of itself: it was restored, or has lost what was written last.
func (p *planDraft) lowerWatermark(ctx context.Context, was *owner.Identity) (changed string, err error) {
	s := &p.id.state
	mark := p.id.row.Watermark
	if mark != "" && was.CursorType != p.id.now.CursorType {
		if mark, err = source.ConvertCursor(was.CursorType, p.table.Column(p.settings.Cursor).Column,
			mark); err != nil {
			changed = "the target has lost its last runs, and the cursor's type has changed since"
			return changed, nil //nolint:nilerr // the sentence says it
		}
	}
	if mark != "" && s.Watermark != "" {
		if mark, err = lower(p.table.Column(p.settings.Cursor).Column, mark, s.Watermark); err != nil {
			return "", translate(ctx, err, where{doing: "compare watermarks of " + p.settings.Table.String()})
		}
	}
	what := "what came after " + mark + " is written again"
	if mark == "" {
		what, s.FirstLoad, p.id.forget = "the table is loaded again", nil, true
	}
	p.warnings = append(p.warnings, fmt.Sprintf("the target %s has lost its last runs (a backup that was restored, or "+
		"a crash): %s", p.settings.Target, what))
	s.Watermark, s.TailTop = mark, ""
	return "", nil
}

// compareSource tells a source with the history that the watermark is of from another one. The
// server's names are hints: failovers and rebuilt servers change them.
func (p *planDraft) compareSource(ctx context.Context, was *owner.Identity) (changed string, err error) {
	now := p.id.now.Source
	same := was.Source.Same(now)
	if p.goesOn(was) {
		if !same {
			p.warnings = append(p.warnings, fmt.Sprintf("the source is another server than before, %s instead of %s,"+
				" with the same history", now, was.Source))
		}
		return "", nil
	}
	agrees, err := p.rowsAgree(ctx)
	if err == nil && agrees {
		agrees, err = p.sourceHasKept(ctx)
	}
	switch {
	case err != nil:
		return "", err
	case !agrees && same:
		return fmt.Sprintf("the source %s has gone back in its history, as after a restored backup, and its rows "+
			"differ from the target's", now), nil
	case !agrees:
		return fmt.Sprintf("it is of the source %s, the connection now leads to %s, whose rows differ from the "+
			"target's", was.Source, now), nil
	}
	p.warnings = append(p.warnings, fmt.Sprintf("the source is not surely the one of the last run (%s instead of %s), "+
		"and its last rows are on the target: it is taken for the same", now, was.Source))
	return "", nil
}

// cursorName names a cursor for people.
func cursorName(name string) string {
	if name == "" {
		return "a table without a cursor"
	}
	return "the cursor " + name
}

// adoptState takes over the state of an earlier version, which knows no identity.
func (p *planDraft) adoptState(ctx context.Context) (changed string, err error) {
	s := p.id.state
	if s.Watermark == "" || s.SetByHand {
		return "", nil
	}
	cursor := p.table.Column(p.settings.Cursor).Column
	if s.Cursor != "" && !table.SameColumn(s.Cursor, cursor.Name) {
		return fmt.Sprintf("it is of the cursor %s, the configuration says %s", s.Cursor, cursor.Name), nil
	}
	if _, err := table.CompareCursor(cursor, s.Watermark, s.Watermark); err != nil {
		return fmt.Sprintf(
			"it is no value of the cursor %s, which is %s", cursor.Name, cursor.Type,
		), nil //nolint:nilerr // the sentence says it
	}
	agrees, err := p.rowsAgree(ctx)
	if err != nil {
		return "", err
	}
	if !agrees {
		return "nothing is known of the target that it is of, and the last rows of the source below it are not" +
			" on the target", nil
	}
	p.warnings = append(p.warnings, "the state of the table did not say which servers and columns it is of: the "+
		"source's last rows are on the target, and it is bound to them")
	return "", nil
}

// rowsAgree reports whether the last rows of the source up to the watermark are on the target. Where
// there is none, nothing agrees.
func (p *planDraft) rowsAgree(ctx context.Context) (bool, error) {
	mark := p.id.state.Watermark
	if mark == "" {
		return false, nil
	}
	sample, err := scan.LastRows(ctx, p.src, p.table, p.settings.Cursor, mark, sampleRows)
	if mysqlerr.IsTimeLimit(err) {
		return false, p.lastRowsUnknown()
	}
	if err != nil {
		return false, translate(ctx, err,
			where{p.settings.SourceConnection, "read the last rows of " + p.settings.Table.String()})
	}
	at := where{p.settings.TargetConnection, "look for rows of " + p.settings.Target.String()}
	dst, err := p.readTarget(ctx)
	if err != nil {
		return false, err
	}
	n, err := scan.CountSample(ctx, p.dst.DB, dst, sample, false)
	if err != nil {
		return false, translate(ctx, err, at)
	}
	return n > 0 && sample.Len()-n <= sample.Len()/4, nil
}

// lastRowsUnknown is the failure of a state whose target and source only their last rows could show.
func (p *planDraft) lastRowsUnknown() error {
	name := human.Arg(p.settings.Table.String())
	remedy := fmt.Sprintf("where the target holds all rows up to the watermark, `tablehaul watermark adopt %s`; "+
		"otherwise `tablehaul run %s --full`", name, name)
	if schema.CursorIndex(p.table, p.settings.Cursor) == "" {
		remedy = schema.AddIndexSQL(p.table, p.settings.Cursor) + ", then run again; or, " + remedy
	}
	return failure.New(failure.IdentityChanged, fmt.Sprintf("the servers or the columns of %s may be others than "+
		"those of the last run, and it takes too long to find its last rows, which would show it", p.settings.Table),
		remedy)
}

// sourceHasKept reports whether the source still has the rows that the target got last, or newer
// versions of them. An older copy of the source has none of those, though all of its own rows are on
// the target. One missing row counts: the person who deleted it has to say so with watermark adopt.
// A target without an index on the cursor is not sorted for it, nor is one where the look takes too long.
func (p *planDraft) sourceHasKept(ctx context.Context) (bool, error) {
	at := where{p.settings.TargetConnection, "look for rows of " + p.settings.Target.String()}
	dst, err := p.readTarget(ctx)
	if err != nil {
		return false, err
	}
	if schema.CursorIndex(dst, p.settings.Cursor) == "" {
		return true, nil
	}
	sample, err := scan.LastRows(ctx, p.dst.DB, dst, p.settings.Cursor, "", sampleRows)
	if mysqlerr.IsTimeLimit(err) {
		return true, nil
	}
	if err != nil {
		return false, translate(ctx, err, at)
	}
	n, err := scan.CountSample(ctx, p.src, p.table, sample, true)
	if err != nil {
		return false, translate(ctx, err,
			where{p.settings.SourceConnection, "look for rows of " + p.settings.Table.String()})
	}
	return n == sample.Len(), nil
}

// bothDone has a '1' for each range that is done by both.
func bothDone(a, b string) string {
	out := []byte(a)
	for i := range out {
		if i >= len(b) || b[i] != '1' {
			out[i] = '0'
		}
	}
	return string(out)
}

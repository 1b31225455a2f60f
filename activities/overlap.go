package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

func isInteger(c table.Column) bool { return c.Kind == table.KindInt || c.Kind == table.KindUint }

// checkOverlap refuses an overlap and a unit that the cursor cannot have.
func (p *planDraft) checkOverlap() {
	s := p.settings
	c := p.table.Column(s.Cursor)
	if s.Cursor == "" || c == nil || isInteger(c.Column) {
		return
	}
	refuse := func(text, remedy string) {
		p.findings = append(p.findings, table.Finding{
			Level: table.LevelRefuse, Table: s.Table.String(), Column: s.Cursor, Text: text, Remedy: remedy,
			Topic: table.TopicCursor,
		})
	}
	if s.OverlapSteps > 0 {
		refuse(fmt.Sprintf("overlap: %d is a number of steps, and the cursor %s is a %s", s.OverlapSteps, s.Cursor,
			c.Type), fmt.Sprintf("write a time, such as overlap: %ds", s.OverlapSteps))
	}
	if u := source.CursorUnit(s.CursorUnit); u != "" && u != source.UnitAuto {
		refuse(fmt.Sprintf("cursorUnit: %s is for an integer cursor, and %s is a %s", u, s.Cursor, c.Type),
			"leave cursorUnit out")
	}
}

// overlapBelow is where an incremental run's window begins: the overlap below the watermark.
func (p *planDraft) overlapBelow(
	ctx context.Context, cursor table.Column, mark string, h source.UpperBound,
) (string, error) {
	if !isInteger(cursor) {
		return p.src.SubtractOverlap(ctx, cursor, mark, p.settings.Overlap)
	}
	return source.SubtractSteps(cursor, mark, p.overlapSteps(h))
}

// overlapSteps is the overlap in an integer cursor's own steps. The last value is read again where
// rows may share it: two rows of one second need not be committed at once.
func (p *planDraft) overlapSteps(h source.UpperBound) int64 {
	s := p.settings
	switch {
	case s.OverlapSteps > 0 && h.Unit > 0:
		return s.OverlapSteps + int64((h.StepBack+h.Unit-1)/h.Unit)
	case s.OverlapSteps > 0:
		return s.OverlapSteps
	case p.table.Column(s.Cursor).AutoIncrement:
		return 0
	case h.Unit == 0:
		return 1
	}
	return max(1, int64((s.Overlap+h.StepBack+h.Unit-1)/h.Unit))
}

// explainOverlap says how the overlap of an integer cursor is taken, where that is not plain.
func (p *planDraft) explainOverlap(cursor table.Column, h source.UpperBound) {
	s := p.settings
	if !isInteger(cursor) || s.Overlap == 0 || h.Empty || p.table.Column(s.Cursor).AutoIncrement {
		return
	}
	if h.Unit == 0 {
		p.warnings = append(p.warnings, fmt.Sprintf("overlap: %s is a time, and nothing says what time a step of the "+
			"integer cursor %s is: only its last value is read again; write overlap as a number of steps, such as "+
			"100, or set cursorUnit; overlap: 0 says that no row comes late", s.Overlap, cursor.Name))
		return
	}
	p.findings = append(p.findings, table.Finding{
		Level: table.LevelInfo, Table: s.Table.String(), Column: cursor.Name, Topic: table.TopicCursor,
		Text: fmt.Sprintf("the integer cursor %s counts %s: the overlap is %d steps", cursor.Name, unitText(h.Unit),
			p.overlapSteps(h)),
	})
}

func unitText(unit time.Duration) string {
	return map[time.Duration]string{
		time.Second: "seconds", time.Millisecond: "milliseconds", time.Microsecond: "microseconds",
	}[unit]
}

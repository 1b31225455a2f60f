package activities

import (
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A watermark that is ahead of the source is a failure and not an empty window: what is written
// meanwhile lies below it, and a run that reads nothing would call the target fresh.

func aheadText(a source.Ahead) string {
	by := ""
	if a.By > 0 {
		by = fmt.Sprintf(", by %s", a.By.Round(time.Second))
	}
	return fmt.Sprintf("the watermark %s lies above what the source can give to a row now (%s)%s: new rows would lie "+
		"below it; %s", a.Watermark, a.Latest, by, a.Cause)
}

func aheadRemedy(tbl table.Name, a source.Ahead) string {
	name := human.Arg(tbl.String())
	return fmt.Sprintf("correct the clock or the zone, then run tablehaul watermark set %s with a value from before "+
		"the change (at most %s) to read again from there, or tablehaul run %s --full", name, a.Latest, name)
}

// addAheadFinding makes a watermark that is ahead the finding that refuses the run.
func (p *planDraft) addAheadFinding() {
	if p.ahead == nil {
		return
	}
	p.findings = append([]table.Finding{{
		Level: table.LevelRefuse, Table: p.settings.Table.String(), Column: p.settings.Cursor, Topic: table.TopicCursor,
		Text: aheadText(*p.ahead), Remedy: aheadRemedy(p.settings.Table, *p.ahead),
	}}, p.findings...)
}

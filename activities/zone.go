package activities

import (
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A DATETIME does not say of which zone it is. Written in another one than the window is chosen in,
// its rows lie an offset away from now: below every watermark, or in the future for hours.

// recent is how long ago a table's newest row was written, at most, for its offset from now to be
// taken for that of a zone.
const recent = time.Minute

// explainZone warns where the newest rows of a DATETIME cursor lie as far from now as a time zone does.
func (p *planDraft) explainZone(cursor table.Column, h source.UpperBound) {
	if cursor.Kind != table.KindDateTime || p.mode != api.ModeFirstLoad && !p.preview {
		return // later runs see what comes below their watermark
	}
	remedy := "set cursorZone to the zone in which the writers fill it"
	if h.Future > 0 {
		p.warnings = append(p.warnings, fmt.Sprintf("if the writers of %s are in another time zone than %s: %s",
			cursor.Name, p.zoneText(h), remedy))
	}
	now, err := time.Parse(time.DateTime, h.Now[:min(len(h.Now), len(time.DateTime))])
	newest, newestErr := time.Parse(time.DateTime, h.Newest[:min(len(h.Newest), len(time.DateTime))])
	if err != nil || newestErr != nil {
		return
	}
	behind := now.Sub(newest)
	utc := behind - h.ZoneOffset // the age of the newest row if it was written in UTC
	hour := behind - behind.Truncate(time.Hour)
	switch {
	case h.ZoneOffset > recent && utc >= -recent && utc <= recent:
		p.warnings = append(p.warnings, fmt.Sprintf("the newest %s is of now in UTC, and the window is chosen in %s:"+
			" rows would come below the watermark; %s, such as cursorZone: '+00:00'", cursor.Name, p.zoneText(h),
			remedy))
	case behind >= time.Hour && behind <= 14*time.Hour+recent && hour <= recent/6:
		p.warnings = append(p.warnings, fmt.Sprintf("the newest %s is exactly %s behind now in %s: if rows are "+
			"written there all the time, %s", cursor.Name, behind.Truncate(time.Hour), p.zoneText(h), remedy))
	}
}

// zoneText is the zone in which the window is chosen.
func (p *planDraft) zoneText(h source.UpperBound) string {
	offset := fmt.Sprintf("UTC%+03d:%02d", int(h.ZoneOffset/time.Hour), int((h.ZoneOffset%time.Hour).Abs()/time.Minute))
	if p.settings.CursorZone != "" {
		return "the table's cursorZone " + p.settings.CursorZone
	}
	return "the source's global time zone, " + offset
}

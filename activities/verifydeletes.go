package activities

import (
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
)

// Deletes says what happens to rows of the target that are not at the source any more.
type Deletes struct {
	// Mode is api.DeletesOff (also for ""), DeletesReport, DeletesSoft or DeletesHard.
	Mode string `json:"mode,omitempty"`
	// Column of the target is set by api.DeletesSoft.
	Column string `json:"column,omitempty"`
	// MaxShare is the share of the target's rows, 0 to 1, that one sweep may delete.
	MaxShare float64 `json:"maxShare,omitempty"`
	// Grace is the least time between the two looks of a sweep.
	Grace time.Duration `json:"grace,omitempty"`
	// OwnsAll says that every row of the target is the table's own.
	OwnsAll bool `json:"ownsAll,omitempty"`
	// AllowCascade accepts that a DELETE changes other rows of the target's server.
	AllowCascade bool `json:"allowCascade,omitempty"`
}

// off reports whether the table leaves deleted rows alone.
func (d Deletes) off() bool { return d.Mode == "" || d.Mode == api.DeletesOff }

// softColumn is the column of the target that marks deleted rows, "" for none.
func (d Deletes) softColumn() string {
	if d.Mode != api.DeletesSoft {
		return ""
	}
	return d.Column
}

// tombstone says how chunks of the range meet rows that are marked as deleted.
func (r *openedRange) tombstone() *upsert.Tombstone {
	column := r.plan.Settings.Deletes.softColumn()
	if column == "" {
		return nil
	}
	return &upsert.Tombstone{Column: column, ReadAt: r.readAt}
}

// sweepDepth is how a sweep compares: by key, and where no cursor tells versions apart, by all values.
func (s Settings) sweepDepth() string {
	if s.Cursor == "" {
		return api.DepthDigest
	}
	return api.DepthKeys
}

// sweepable refuses a sweep of a table whose deletes are off.
func (s Settings) sweepable() error {
	if !s.Deletes.off() {
		return nil
	}
	return failure.New(failure.InvalidInput, fmt.Sprintf("deletes of %s are off: a sweep would do nothing", s.Table),
		"set deletes: { mode: report } for the table, to see what it would find")
}

// deletesText says in a sentence what becomes of rows that the source deletes.
func (p *planDraft) deletesText() string {
	if p.files != nil {
		return p.filesDeletesText()
	}
	d := p.settings.Deletes
	const purged = "; where the source purges old rows and the target is their archive, leave it off"
	owned := p.target.Create || d.OwnsAll || p.id.now.Target.Owned
	if was := p.id.state.Identity; was != nil {
		owned = owned || was.Target.Owned
	}
	switch {
	case d.off():
		return "off: rows that the source deletes stay on the target; `tablehaul verify` counts them"
	case d.Mode == api.DeletesReport:
		return "report: sweeps count rows that the source has deleted, and leave them on the target"
	case !owned:
		return d.Mode + ": but the target was there before its first load: rows that are absent at the source may be " +
			"those of others, and stay (deletes.owns)"
	case d.Mode == api.DeletesSoft:
		return "soft: sweeps set " + d.Column + " of rows that the source has deleted" + purged
	}
	return "hard: sweeps delete rows that the source has deleted" + purged
}

package activities

import (
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
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

package mysqldb

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

func TestBehind(t *testing.T) {
	const now = "2026-11-25 10:00:00.500000"
	marks := []Mark{
		{At: "2026-11-25T09:00:00.000000Z", Max: "41"}, {At: "2026-11-25T09:30:00.000000Z", Max: "42"}, {At: "2026-11-25T09:59:00.000000Z", Max: "42"},
	}
	for name, c := range map[string]struct {
		kind       table.Kind
		now, bound string
		want       time.Duration
		unknown    bool
	}{
		"a second":                {kind: table.KindTimestamp, now: now, bound: "2026-11-25 09:59:59.500000", want: time.Second},
		"other precisions":        {kind: table.KindDateTime, now: now, bound: "2026-11-25 09:58:00", want: 2*time.Minute + 500*time.Millisecond},
		"the end of a date's day": {kind: table.KindDate, now: now, bound: "2026-11-24", want: 10*time.Hour + 500*time.Millisecond},
		"never ahead":             {kind: table.KindTimestamp, now: now, bound: "2026-11-25 10:00:07", want: 0},
		"the integer's last mark": {kind: table.KindUint, now: "2026-11-25T10:00:00.000000Z", bound: "42", want: time.Minute},
		"an integer without mark": {kind: table.KindInt, now: "2026-11-25T10:00:00.000000Z", bound: "40", unknown: true},
		"no bound":                {kind: table.KindTimestamp, now: now, bound: "", unknown: true},
		"no clock":                {kind: table.KindTimestamp, now: "", bound: "2026-11-25 10:00:07", unknown: true},
		"a zero date":             {kind: table.KindDateTime, now: now, bound: "0000-00-00 00:00:00", unknown: true},
	} {
		t.Run(name, func(t *testing.T) {
			got, known := Horizon{Now: c.now}.Behind(table.Column{Kind: c.kind, Bits: 64}, c.bound, marks)
			require.Equal(t, !c.unknown, known)
			require.Equal(t, c.want, got)
		})
	}
}

package mysqldb

import (
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Behind is how far bound was behind the source's clock when the horizon was chosen: what a
// target that holds everything up to bound lacks at most. It is false where nobody can tell:
// an integer says nothing of time, unless one of the marks knows when it was the maximum.
//
// Both times are of the cursor's zone, so that a change to or from summer time makes it an hour
// wrong, for as long as it lies between the two. It is for people, not for choosing windows.
func (h Horizon) Behind(cursor table.Column, bound string, marks []Mark) (time.Duration, bool) {
	now, at := h.Now, bound
	if isInteger(cursor.Kind) {
		if at = lastMarkOf(bound, marks); at == "" {
			return 0, false
		}
	}
	to, _, err := parseTime(now)
	if err != nil {
		return 0, false
	}
	from, _, err := parseTime(at)
	if err != nil {
		return 0, false
	}
	if cursor.Kind == table.KindDate {
		from = from.Add(24 * time.Hour) // all of that day
	}
	return max(0, to.Sub(from)), true
}

// lastMarkOf is when bound was last seen as the maximum, or "".
func lastMarkOf(bound string, marks []Mark) string {
	for i := len(marks) - 1; i >= 0; i-- {
		if marks[i].Max == bound {
			return marks[i].At
		}
	}
	return ""
}

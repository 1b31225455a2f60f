package config

import "regexp"

// cursorUnits are the values of cursorUnit, as mysqldb has them.
var cursorUnits = []string{"auto", "none", "s", "ms", "us"}

// maxOverlap bounds an overlap that is a time, maxOverlapSteps one that is a number: more than a
// month in any of the units.
const (
	maxOverlap      = 30 * day
	maxOverlapSteps = int64(1e13)
)

var plainNumber = regexp.MustCompile(`^[0-9][0-9_]*$`)

// setOverlap is the set of the key "overlap": a duration, or a number of an integer cursor's steps.
func setOverlap(d *decoder, a at, t *Table) {
	v, ok := d.scalar(a)
	if !ok {
		return
	}
	if plainNumber.MatchString(v.text) {
		n, err := parseInt[int64](v.text)
		if err != nil || n > maxOverlapSteps {
			d.problem(a, "allowed is 0 to 10000000000000", "%s is out of bounds", v.shown)
			return
		}
		t.Overlap, t.OverlapSteps = 0, n
		return
	}
	n, err := parseDuration(v.text)
	if err != nil {
		d.problem(a, "write it with a unit, like 500ms, 30s, 5m or 2h", "%s %s", v.shown, err.Error())
		return
	}
	if n < 0 || n > maxOverlap {
		d.problem(a, "allowed is 0 to "+formatDuration(maxOverlap), "%s is out of bounds", v.shown)
		return
	}
	t.Overlap, t.OverlapSteps = n, 0
}

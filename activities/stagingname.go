package activities

import (
	"fmt"
	"strings"
)

const (
	// MaxPlans is how many plans a run may lose, with a host or alone, before it fails: once is an accident.
	MaxPlans = 3
	// PlansOfRun is how many plans a run makes at most: where the target may have lost rows, it begins again, once.
	PlansOfRun = 2 * MaxPlans
)

// StagingName is the name that the files of a run's plan have in staging: plans counts those that
// the run has had before, which it lost. No two of them share a file, so that nothing which is left
// of one, or still being written, is taken for another's.
func StagingName(runID string, plans int) string {
	if plans == 0 {
		return runID
	}
	return fmt.Sprintf("%s.%d", runID, plans)
}

// runID is the id of the run that has the staging name.
func runID(stagingName string) string {
	id, _, _ := strings.Cut(stagingName, ".")
	return id
}

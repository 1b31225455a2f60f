package remote

import (
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
)

// SpecsOf are the schedules that the configuration gives a table: of its runs, its comparisons and its sweeps. The When
// of a schedule that the table does not have is none.
func SpecsOf(t config.Table) []ScheduleSpec {
	return []ScheduleSpec{scheduleOf(t), verifyScheduleOf(t), deletesScheduleOf(t)}
}

// scheduleOf is the schedule of a table's runs.
func scheduleOf(t config.Table) ScheduleSpec {
	return ScheduleSpec{
		Table: t.Name.String(), When: t.Schedule, Jitter: t.ScheduleJitter, Paused: t.SchedulePaused,
	}
}

// verifyScheduleOf is the schedule of a table's comparisons. Samples are as large as four weeks of them need to cover
// the table.
func verifyScheduleOf(t config.Table) ScheduleSpec {
	out := ScheduleSpec{
		Table: t.Name.String(), When: t.Verify.Every, Jitter: t.ScheduleJitter, Paused: t.SchedulePaused,
		Depth: t.Verify.Depth,
	}
	if out.Depth == api.DepthSample {
		out.Share = 1 / max(1, out.When.InFourWeeks())
	}
	return out
}

// deletesScheduleOf is the schedule of a table's sweeps of deletes.
func deletesScheduleOf(t config.Table) ScheduleSpec {
	out := ScheduleSpec{
		Table: t.Name.String(), When: t.Deletes.Every, Jitter: t.ScheduleJitter, Paused: t.SchedulePaused,
		Depth: DepthDeletes,
	}
	if t.Deletes.Mode == config.DeletesOff {
		out.When = config.Schedule{}
	}
	return out
}

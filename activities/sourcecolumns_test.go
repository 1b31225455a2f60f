package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// structured is a table that was loaded, and the state that its run has left.
func structured(t *testing.T, s *servers.Server) (*bench, owner.State) {
	t.Helper()
	b := emptyBench(t, s, s)
	b.AtSource("CREATE TABLE t (id INT PRIMARY KEY, price DECIMAL(12,4), note VARCHAR(40), kind ENUM('a','b','c'), "+
		"at DATETIME(6), was INT, updated_at DATETIME(6) NOT NULL, seen TIMESTAMP(6) NULL, KEY (updated_at))",
		"INSERT INTO t VALUES (1, 1.2345, 'short', 'a', '2024-01-01 00:00:00.5', 1, '2024-01-01', NULL)")
	done := b.moved("load", owner.State{}, -1)
	state := b.stateAt(firstDay)
	state.Identity, state.Loaded, state.Adopt = done.plan.Identity, true, false
	return b, state
}

// planned plans the next run of a state.
func (b *bench) planned(in activities.PlanRunInput) error {
	var out activities.PlanRunResult
	in.Table, in.Run = b.settings.Table.String(), "run-next"
	return b.step("PlanRun", in, &out)
}

// A column of the source that takes fewer values than before ends a run before it writes, also where the target still
// takes them all: the change may have cut values of rows that no run reads again. A full run, and a person, go on.
func TestANarrowerColumnAtTheSourceIsNoticed(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b, state := structured(t, s)
		require.NoError(t, b.planned(activities.PlanRunInput{State: state}))
		for _, c := range []struct{ column, narrow, wide string }{
			{"price", "DECIMAL(10,2)", "DECIMAL(12,4)"},
			{"note", "VARCHAR(20)", "VARCHAR(40)"},
			{"kind", "ENUM('a','b')", "ENUM('a','b','c')"},
			{"at", "DATETIME", "DATETIME(6)"},
			{"was", "SMALLINT", "INT"},
		} {
			b.AtSource("ALTER TABLE t MODIFY " + c.column + " " + c.narrow)
			err := b.planned(activities.PlanRunInput{State: state})
			requireType(t, err, failure.IdentityChanged)
			require.ErrorContains(t, err, "the column "+c.column+" was ")
			require.ErrorContains(t, err, "schema.narrowed")
			require.NoError(t, b.planned(activities.PlanRunInput{State: state, Full: true}))
			adopted := state
			adopted.Adopt = true
			require.NoError(t, b.planned(activities.PlanRunInput{State: adopted}))
			b.AtSource("ALTER TABLE t MODIFY " + c.column + " " + c.wide)
		}
		b.AtSource("ALTER TABLE t MODIFY seen DATETIME(6) NULL")
		b.AtTarget("ALTER TABLE t MODIFY seen DATETIME(6) NULL") // as a refusal for its type says
		err := b.planned(activities.PlanRunInput{State: state})
		requireType(t, err, failure.IdentityChanged)
		require.ErrorContains(t, err, "the column seen was timestamp(6) at the source and is datetime(6)")
		b.AtSource("ALTER TABLE t MODIFY seen TIMESTAMP(6) NULL")
		b.AtTarget("ALTER TABLE t MODIFY seen TIMESTAMP(6) NULL")
		b.AtSource("ALTER TABLE t MODIFY note VARCHAR(60) NOT NULL")
		require.NoError(t, b.planned(activities.PlanRunInput{State: state}), "wider is no reason")
	})
}

// With dropped: fail, a column that the source had ends a run, and one that the target has of its own does not.
func TestADroppedColumnIsOneThatTheSourceHad(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b, state := structured(t, s)
		b.settings.Schema.Dropped = table.ContractFail
		b.AtTarget("ALTER TABLE t ADD COLUMN own INT NULL")
		require.NoError(t, b.planned(activities.PlanRunInput{State: state}))
		b.AtSource("ALTER TABLE t DROP COLUMN was")
		err := b.planned(activities.PlanRunInput{State: state})
		requireType(t, err, failure.UnsupportedTable)
		require.ErrorContains(t, err, "column was is gone at the source since the last run")
		adopted := state
		adopted.Adopt = true
		require.NoError(t, b.planned(activities.PlanRunInput{State: adopted}))
		b.settings.Schema.Dropped = table.ContractKeep
		require.NoError(t, b.planned(activities.PlanRunInput{State: state}))
	})
}

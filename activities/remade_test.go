package activities_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mapping"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// newMade has columns that the source computes of others. All but own are plain ones of the target.
func newMade(t *testing.T, s *servers.Server) *bench {
	t.Helper()
	b := emptyBench(t, s, s)
	b.AtSource("CREATE TABLE t (id INT PRIMARY KEY, a INT, price DECIMAL(8,2), plain INT, kept INT AS (a + 1) STORED, "+
		"shown INT AS (a + 1) VIRTUAL, label VARCHAR(40) AS (CONCAT('at ', price)) STORED, own INT AS (a - 1) STORED, "+
		"updated_at DATETIME(6) NOT NULL, KEY (updated_at))",
		"INSERT INTO t (id, a, price, plain, updated_at) VALUES (1, 4, 1.50, 9, '2024-01-01')")
	b.AtTarget("CREATE TABLE t (id INT PRIMARY KEY, a BIGINT, price DECIMAL(20,4), plain INT, kept INT, shown INT, " +
		"label VARCHAR(60), own INT AS (a - 1) STORED, updated_at DATETIME(6) NOT NULL, KEY (updated_at))")
	return b
}

// loadedState loads the table, and is the state that the run has left.
func (b *bench) loadedState(watermark string) owner.State {
	b.t.Helper()
	done := b.moved("load"+b.settings.Cursor, owner.State{}, -1)
	state := b.stateAt(watermark)
	state.Identity, state.Loaded, state.Adopt = done.plan.Identity, true, false
	return state
}

// boundAs is the state with another identity.
func boundAs(state owner.State, change func(*owner.Identity)) owner.State {
	identity := *state.Identity
	identity.Columns = slices.Clone(identity.Columns)
	change(&identity)
	state.Identity = &identity
	return state
}

// ofAnOlderWorker is the state of a worker that keeps nothing of how values are made.
func ofAnOlderWorker(state owner.State) owner.State {
	return boundAs(state, func(i *owner.Identity) {
		i.Source.Version = ""
		for c := range i.Columns {
			i.Columns[c].MadeBy = ""
		}
	})
}

// remadeCase is a change of the source, and what the next run says of it.
type remadeCase struct{ change, back, says string }

// refusesRemade requires that each change ends a run, until it is loaded again, or adopted, or changed back.
func (b *bench) refusesRemade(state owner.State, cases []remadeCase) {
	b.t.Helper()
	require.NoError(b.t, b.planned(activities.PlanRunInput{State: state}))
	for _, c := range cases {
		b.AtSource("ALTER TABLE t " + c.change)
		err := b.planned(activities.PlanRunInput{State: state})
		requireType(b.t, err, failure.IdentityChanged)
		require.ErrorContains(b.t, err, c.says, c.change)
		require.ErrorContains(b.t, err, "--full")
		adopted := state
		adopted.Adopt = true
		require.NoError(b.t, b.planned(activities.PlanRunInput{State: adopted}), c.change)
		require.NoError(b.t, b.planned(activities.PlanRunInput{State: state, Full: true}), c.change)
		b.AtSource("ALTER TABLE t " + c.back)
	}
	require.NoError(b.t, b.planned(activities.PlanRunInput{State: state}))
}

// A column that the source computes by another expression, or of another type, ends a run before it writes: rows that
// no run reads again have the values of before. A full run, and a person, go on.
func TestAnotherExpressionAtTheSourceIsNoticed(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newMade(t, s)
		state := b.loadedState(firstDay)
		b.refusesRemade(state, []remadeCase{
			{
				"MODIFY kept INT AS (a + 2) STORED", "MODIFY kept INT AS (a + 1) STORED",
				"the column kept has other values than before",
			},
			{
				"MODIFY shown INT AS (a * 2) VIRTUAL", "MODIFY shown INT AS (a + 1) VIRTUAL",
				"the column shown has other values than before",
			},
			{
				"MODIFY price DECIMAL(20,4)", "MODIFY price DECIMAL(8,2)",
				"the column label has other values than before",
			},
			{"MODIFY plain INT AS (a + 5) STORED", "MODIFY plain INT", "the column plain has other values than before"},
		})
		b.AtSource("ALTER TABLE t MODIFY label VARCHAR(40)", "ALTER TABLE t MODIFY a BIGINT")
		require.NoError(t, b.planned(activities.PlanRunInput{State: state}), "no value has changed")
		for _, alter := range []func(...string){b.AtSource, b.AtTarget} {
			alter("ALTER TABLE t MODIFY own INT AS (a - 2) STORED")
		}
		require.NoError(t, b.planned(activities.PlanRunInput{State: state}), "the target computes it")
		b.AtSource("ALTER TABLE t MODIFY kept INT AS (a + 2) STORED")
		require.NoError(t, b.planned(activities.PlanRunInput{State: ofAnOlderWorker(state)}))
	})
}

// Another version of a server may print the same expression in another way: a run warns of it once, and goes on.
func TestAnUpgradedSourceDoesNotStopRuns(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := newMade(t, s)
		state := boundAs(b.loadedState(firstDay), func(i *owner.Identity) { i.Source.Version = "MySQL 5.7.44" })
		warnings := func(run string) string {
			return strings.Join(b.moved(run, state, 1).plan.Warnings, "\n")
		}
		require.NotContains(t, warnings("upgraded"), "has other values")
		b.AtSource("ALTER TABLE t MODIFY kept INT AS (a + 2) STORED")
		got := b.moved("otherwise", state, 1).plan
		require.Contains(t, strings.Join(got.Warnings, "\n"), "in another way than MySQL 5.7.44: `tablehaul verify ")
		state.Identity = got.Identity
		require.NotContains(t, warnings("next"), "has other values")
	})
}

// So it is with the cursor that the source computes.
func TestAnotherExpressionOfTheCursorIsNoticed(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := emptyBench(t, s, s)
		b.settings.Cursor = "changed"
		b.AtSource("CREATE TABLE t (id INT PRIMARY KEY, created DATETIME(3) NOT NULL, updated DATETIME(3) NULL, "+
			"changed DATETIME(3) AS (COALESCE(updated, created)) STORED, KEY (changed))",
			"INSERT INTO t (id, created) VALUES (1, '2024-01-01')")
		b.refusesRemade(b.loadedState("2024-01-01 00:00:00.000"), []remadeCase{{
			"MODIFY changed DATETIME(3) AS (created) STORED",
			"MODIFY changed DATETIME(3) AS (COALESCE(updated, created)) STORED",
			"the column changed has other values than before",
		}})
	})
}

// What a filter and an added column read decides which rows there are, and what they hold, also where it does not
// travel. A table without a cursor writes all values in each run, and keeps rows that its filter does not pass any
// more.
func TestWhatAFilterAndAnAddedColumnReadIsNoticed(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		b := emptyBench(t, s, s)
		b.settings.Mapping = &mapping.Settings{
			Where: "live AND status = 'a'", Exclude: []string{"live", "price"},
			Add: []mapping.Pair{{Column: "label", Value: "CONCAT(price, '')"}},
		}
		b.AtSource("CREATE TABLE t (id INT PRIMARY KEY, a INT, price DECIMAL(8,2), live INT AS (a > 0) STORED, "+
			"status VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci, updated_at DATETIME(6) NOT NULL, "+
			"KEY (updated_at))",
			"INSERT INTO t (id, a, price, status, updated_at) VALUES (1, 4, 1.50, 'A', '2024-01-01')")
		state := b.loadedState(firstDay)
		filter := remadeCase{
			"MODIFY live INT AS (a > 1) STORED", "MODIFY live INT AS (a > 0) STORED", "where passes other rows",
		}
		price := remadeCase{
			"MODIFY price DECIMAL(12,4)", "MODIFY price DECIMAL(8,2)", "the column label has other values than before",
		}
		b.refusesRemade(state, []remadeCase{filter, price, {
			"MODIFY status VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
			"MODIFY status VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", "where passes other rows",
		}})

		b.settings.Cursor = ""
		state = b.loadedState("")
		b.refusesRemade(state, []remadeCase{filter})
		b.AtSource("ALTER TABLE t " + price.change)
		require.NoError(t, b.planned(activities.PlanRunInput{State: state}))
	})
}

package activities_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Statements that build a table again change no row: lists of earlier sweeps count, and a sweep that goes on goes on.
// A source that is emptied between two sweeps is held; a target that is emptied has nothing to delete.
func TestSweepsGoOnWhereTablesAreBuiltAgain(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newSweeping(t, s, sweptTable)
		c.settings.Cursor = "" // so that a sweep needs the list of the one before
		c.state.state.Watermark, c.state.state.Cursor = "", ""
		c.AtSource("DELETE FROM t WHERE v < 20")
		first := c.look()
		_, err := c.act(first)
		require.NoError(t, err)
		c.finish(first)
		again := func() {
			c.AtSource("ALTER TABLE t FORCE", "OPTIMIZE TABLE t")
			c.AtTarget("OPTIMIZE TABLE t", "ALTER TABLE t FORCE")
		}
		again()
		second := c.look()
		again()
		done, err := c.act(second)
		require.NoError(t, err)
		require.Equal(t, api.SweptRows{Deleted: 20}, done)
		c.finish(second)

		c.AtSource("TRUNCATE TABLE t")
		emptied := c.look()
		_, err = c.act(emptied)
		requireType(t, err, failure.DeletesHeld)
		require.ErrorContains(t, err, "has no row")
		require.Equal(t, "280", c.onTarget("SELECT COUNT(*) FROM t"))
		c.finish(emptied)
		again()
		emptied = c.look()
		emptied.Approved = true
		c.AtTarget("TRUNCATE TABLE t")
		done, err = c.act(emptied)
		require.NoError(t, err)
		require.Equal(t, api.SweptRows{Gone: 280}, done)
	})
}

// A column of the target that is altered between the plan and the deletes ends the sweep: what it has kept may have
// another form now.
func TestAnAlterOfTheTargetEndsASweep(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newSweeping(t, s, sweptTable)
		c.AtSource("DELETE FROM t WHERE v < 20")
		in := c.look()
		c.AtTarget("ALTER TABLE t MODIFY v BIGINT")
		_, err := c.act(in)
		requireType(t, err, failure.TableChanged)
		require.Equal(t, "300", c.onTarget("SELECT COUNT(*) FROM t"))
		done, err := c.act(c.look())
		require.NoError(t, err)
		require.EqualValues(t, 20, done.Deleted)
	})
}

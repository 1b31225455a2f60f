package lineage_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestAChunkThatComesAfterALaterOneIsRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, target := open(t, s)
		ref := func(fence int64) lineage.Ref { return lineage.Ref{Target: target, StateID: "a", Fence: fence} }
		begin := func(ref lineage.Ref, replaces ...string) {
			t.Helper()
			require.NoError(t, lineage.Begin(t.Context(), db, lineage.BeginSpec{
				Ref: ref, Ordered: true, Replaces: replaces,
			}))
		}
		write := func(ref lineage.Ref, place string) error {
			return lineage.CheckChunk(t.Context(), db, db, ref, place)
		}
		begin(ref(10))
		require.NoError(t, write(ref(10), "01"))
		require.NoError(t, write(ref(10), "01"), "it is repeated")
		require.NoError(t, write(ref(10), "03"))
		require.NoError(t, write(ref(10), "03"), "it is repeated")
		require.ErrorIs(t, write(ref(10), "01"), lineage.ErrLate)
		require.ErrorIs(t, write(ref(10), "02"), lineage.ErrLate)
		require.NoError(t, lineage.Check(t.Context(), db, db, ref(10)), "another step of the run")

		begin(ref(10))
		require.ErrorIs(t, write(ref(10), "02"), lineage.ErrLate, "the step that plans was repeated late")
		require.NoError(t, lineage.Finish(t.Context(), db, ref(10), ""))
		require.ErrorIs(t, write(ref(11), "04"), lineage.ErrNotBegun)

		require.NoError(t, lineage.Begin(t.Context(), db, lineage.BeginSpec{
			Ref: ref(11), Expected: 10, Ordered: true,
		}))
		require.ErrorIs(t, write(ref(10), "04"), lineage.ErrFenced)
		require.NoError(t, write(ref(11), "01"), "the next run begins at the beginning")
		require.NoError(t, write(ref(11), "02"))

		other := lineage.Ref{Target: target, StateID: "b", Fence: 5}
		begin(other, "a")
		require.NoError(t, write(other, "01"), "another state has taken the target over")
		require.ErrorIs(t, write(ref(11), "03"), lineage.ErrFenced)
	})
}

// An attempt that comes late waits for the chunk that is being written, and is then refused. What was rolled back does
// not count.
func TestALateChunkWaitsForTheOneThatIsWritten(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, target := open(t, s)
		ref := lineage.Ref{Target: target, StateID: "a", Fence: 1}
		require.NoError(t, lineage.Begin(t.Context(), db, lineage.BeginSpec{Ref: ref, Ordered: true}))
		chunk, err := db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		require.NoError(t, lineage.CheckChunk(t.Context(), db, chunk, ref, "02"))
		err = lineage.CheckChunk(t.Context(), db, db, ref, "01") // waits for as long as our sessions wait for a lock
		require.True(t, mysqlerr.IsLockConflict(err), "%v", err)
		require.NoError(t, chunk.Rollback())
		require.NoError(t, lineage.CheckChunk(t.Context(), db, db, ref, "01"))
		chunk, err = db.BeginTx(t.Context(), nil)
		require.NoError(t, err)
		require.NoError(t, lineage.CheckChunk(t.Context(), db, chunk, ref, "02"))
		require.NoError(t, chunk.Commit())
		require.ErrorIs(t, lineage.CheckChunk(t.Context(), db, db, ref, "01"), lineage.ErrLate)
	})
}

// Tables that share a target have an order each.
func TestTablesThatShareATargetHaveAnOrderEach(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, target := open(t, s)
		for i, id := range []string{"a", "b"} {
			ref := lineage.Ref{Target: target, StateID: id, Fence: int64(10 - i), Shared: true}
			require.NoError(t, lineage.Begin(t.Context(), db, lineage.BeginSpec{Ref: ref, Ordered: true}))
			require.NoError(t, lineage.CheckChunk(t.Context(), db, db, ref, "01"))
			require.NoError(t, lineage.CheckChunk(t.Context(), db, db, ref, "02"))
			require.ErrorIs(t, lineage.CheckChunk(t.Context(), db, db, ref, "01"), lineage.ErrLate)
		}
	})
}

// A state table of before has no column for the place of a chunk. It serves all other runs, and the first run that is
// written in order adds the column.
func TestAStateTableOfBeforeGetsTheColumnOfChunks(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db, target := open(t, s)
		ref := lineage.Ref{Target: target, StateID: "a", Fence: 1}
		require.NoError(t, lineage.Begin(t.Context(), db, lineage.BeginSpec{Ref: ref, Done: "01"}))
		st := sqltext.Qualified(table.Name{Schema: target.Schema, Table: lineage.StateTable})
		_, err := db.ExecContext(t.Context(), "ALTER TABLE "+st+" DROP COLUMN chunk")
		require.NoError(t, err)

		ref.Fence = 2
		require.NoError(t, lineage.Begin(t.Context(), db, lineage.BeginSpec{Ref: ref, Done: "01"}))
		require.NoError(t, lineage.Check(t.Context(), db, db, ref))
		require.NoError(t, lineage.MarkRange(t.Context(), db, ref, 0))
		err = lineage.CheckChunk(t.Context(), db, db, ref, "01")
		require.ErrorIs(t, err, lineage.ErrNotBegun)
		require.ErrorIs(t, err, mysqldb.ErrOtherServer, "the run has begun elsewhere")

		ref.Fence = 3
		require.NoError(t, lineage.Begin(t.Context(), db, lineage.BeginSpec{Ref: ref, Done: "11", Ordered: true}))
		require.NoError(t, lineage.CheckChunk(t.Context(), db, db, ref, "01"))
		rows, err := lineage.Read(t.Context(), db, target)
		require.NoError(t, err)
		require.Equal(t, []lineage.Row{{StateID: "a", Fence: 3, Done: "11"}}, rows)
	})
}

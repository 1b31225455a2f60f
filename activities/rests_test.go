package activities_test

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// resting is the first load of a table in slices of several pages, from a server that no other test uses.
type resting struct {
	*bench
	in     activities.RangeInput
	client *sql.DB // another client of the source
}

func newResting(t *testing.T, s *servers.Server) *resting {
	t.Helper()
	r := &resting{bench: emptyBench(t, servers.Private(t, s.Flavor), s)}
	r.client = dbtest.Lenient(t, r.Source, r.From)
	dbtest.Exec(t, r.client,
		"CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL, KEY (updated_at))")
	dbtest.Fill(t, r.client, "t", 9000, "n, CONCAT('v', n), '2024-01-01'")
	r.settings.ChunkRows, r.settings.PageRows, r.settings.RangeRows = 10, 200, 100_000
	r.settings.ChunksInFlight = 1
	plan, in := r.plan()
	require.Equal(t, 1, plan.Ranges)
	r.in = in
	return r
}

// extract reads a slice that does not end the range.
func (r *resting) extract(slice int) (out activities.ExtractResult) {
	r.t.Helper()
	r.in.Slice = slice
	require.NoError(r.t, r.step("ExtractIncremental", r.in, &out))
	require.True(r.t, out.More)
	return out
}

// othersCome lets another client use the source until that is seen. It then sends as much again: the step that follows
// may begin to count again.
func (r *resting) othersCome() {
	r.t.Helper()
	use := func() (err error) {
		for i := 0; i < 500 && err == nil; i++ {
			_, err = r.client.ExecContext(r.t.Context(), "DO 1")
		}
		return err
	}
	require.Eventually(r.t, func() bool {
		return use() == nil && r.Src.OtherTrafficActive(r.t.Context())
	}, dbtest.Soon, time.Millisecond)
	require.NoError(r.t, use())
}

// othersGo waits until it is seen that no other client uses the source.
func (r *resting) othersGo() {
	r.t.Helper()
	require.Eventually(r.t, func() bool {
		return !r.Src.OtherTrafficActive(r.t.Context())
	}, dbtest.Soon, 10*time.Millisecond)
}

func (r *resting) chunksWait() bool {
	return activities.ChunksWait(r.worker, r.settings.TargetConnection, r.settings.Target)
}

// blocked is how many chunks wait, for the lock or for their turn. The limiter lets one more go each second, and a wait
// for the lock ends after three. So a few wait for the lock, and the others for their turn, however long that takes.
const blocked = 20

// block writes chunks of the first slice into a target that another client has locked, until some of them wait for
// their turn. They go on waiting until release, which returns when all are written.
func (r *resting) block() (release func()) {
	r.t.Helper()
	other := dbtest.Session(r.t, r.Target.DB(r.t, r.To))
	dbtest.Run(r.t, other, "BEGIN", "SELECT * FROM t FOR UPDATE")
	in := r.in
	in.Slice = 0
	var list activities.ListChunksResult
	require.NoError(r.t, r.step("ListChunks", activities.ListChunksInput{RangeInput: in, Limit: 1000}, &list))
	require.GreaterOrEqual(r.t, len(list.Chunks), blocked)
	written := make(chan error, blocked)
	for _, c := range list.Chunks[:blocked] {
		b := r.beside()
		go func() { written <- b.written(activities.UpsertChunkInput{RangeInput: in, ChunkRef: c}) }()
	}
	require.Eventually(r.t, r.chunksWait, dbtest.Soon, 10*time.Millisecond)
	return func() {
		r.t.Helper()
		dbtest.Run(r.t, other, "ROLLBACK")
		for range blocked {
			require.NoError(r.t, <-written)
		}
	}
}

// written writes a chunk. After a lock wait timeout it does so again, as Temporal does.
func (b *bench) written(in activities.UpsertChunkInput) error {
	for {
		var out activities.UpsertChunkResult
		err := b.step("UpsertChunk", in, &out)
		var app *temporal.ApplicationError
		if !errors.As(err, &app) || app.Type() != failure.LockWait {
			return err
		}
	}
}

// An extract rests where other clients use its source and chunks of its table wait to be written. Where one of the two
// is missing, it does not.
func TestAnExtractRestsBesideOthersWhileChunksWait(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newResting(t, s)
		r.extract(0)
		r.othersCome()
		require.Zero(t, r.extract(1).Rested, "no chunk waits")

		release := r.block()
		r.othersGo()
		alone := r.extract(2)
		require.True(t, r.chunksWait())
		require.Zero(t, alone.Rested, "no other client is there")

		r.othersCome()
		beside := r.extract(3)
		require.True(t, r.chunksWait())
		require.Positive(t, beside.Rested)
		require.Greater(t, beside.Pages, 1)

		release()
		require.Equal(t, []string{fmt.Sprint(blocked * r.settings.ChunkRows)},
			dbtest.Texts(t, r.Target.DB(t, r.To), "SELECT COUNT(*) FROM t"))
		r.othersCome()
		require.Zero(t, r.extract(4).Rested, "no chunk waits any more")
	})
}

// A comparison says how long it has rested beside other clients, as an extract does.
func TestAComparisonSaysHowLongItHasRested(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		c := newComparing(t, s, s, "CREATE TABLE t (id INT PRIMARY KEY, "+cursorColumn+", KEY (updated_at))")
		c.settings.PageBytes, c.settings.RangeRows = 10_000, 100_000 // pages of some hundred rows
		dbtest.Fill(t, dbtest.Lenient(t, s, c.From), "t", 9000, "n, '2024-01-01'")
		c.copied()
		plan, in := c.planned(api.DepthDigest)
		require.Equal(t, 1, plan.Ranges)
		r := &resting{bench: c.bench, client: dbtest.Lenient(t, s, c.From)}
		r.othersCome()
		var out activities.CompareRangeResult
		require.NoError(t, c.step("CompareRange", in, &out))
		require.EqualValues(t, 9000, out.Equal)
		require.Positive(t, out.Rested)
	})
}

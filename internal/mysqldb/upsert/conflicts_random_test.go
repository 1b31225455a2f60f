package upsert_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// source is a model of a source table with two unique columns: u, NULL for "", and p.
type source struct {
	rand  *rand.Rand
	clock int
	rows  map[int]sourceRow
}

type sourceRow struct {
	u     string
	p, at int
}

const (
	sourceKeys  = 24
	sourceTexts = 20
)

// change is one transaction of the source. Every changed row gets the time, which advances rarely, so
// that transactions share a time.
func (s *source) change() {
	if s.rand.IntN(3) == 0 {
		s.clock++
	}
	ids := slices.Sorted(maps.Keys(s.rows))
	s.rand.Shuffle(len(ids), func(i, j int) { ids[i], ids[j] = ids[j], ids[i] })
	switch n := s.rand.IntN(10); {
	case n < 2 || len(ids) < 4:
		s.insert()
	case n < 3:
		delete(s.rows, ids[0])
	case n < 4: // the same row under another key
		r := s.rows[ids[0]]
		delete(s.rows, ids[0])
		s.put(s.freeKey(), r)
	case n < 5:
		r := s.rows[ids[0]]
		r.u = s.freeText()
		s.put(ids[0], r)
	default: // a rotation of two to four rows, in one of the columns or both
		ids = ids[:2+s.rand.IntN(3)]
		which, first := s.rand.IntN(3), s.rows[ids[0]]
		for i, id := range ids {
			r, next := s.rows[id], first
			if i+1 < len(ids) {
				next = s.rows[ids[i+1]]
			}
			if which != 0 {
				r.u = next.u
			}
			if which != 1 {
				r.p = next.p
			}
			s.put(id, r)
		}
	}
}

func (s *source) put(id int, r sourceRow) {
	r.at = s.clock
	s.rows[id] = r
}

func (s *source) insert() {
	if len(s.rows) >= sourceKeys-4 {
		return
	}
	taken := map[int]bool{}
	for _, r := range s.rows {
		taken[r.p] = true
	}
	p := s.rand.IntN(sourceKeys)
	for taken[p] {
		p = (p + 1) % sourceKeys
	}
	s.put(s.freeKey(), sourceRow{u: s.freeText(), p: p})
}

func (s *source) freeKey() int {
	for {
		id := s.rand.IntN(sourceKeys)
		if _, ok := s.rows[id]; !ok {
			return id
		}
	}
}

func (s *source) freeText() string {
	free := []string{""}
	for i := range sourceTexts {
		free = append(free, fmt.Sprintf("v%d", i))
	}
	for _, r := range s.rows {
		if i := slices.Index(free, r.u); i > 0 {
			free = slices.Delete(free, i, i+1)
		}
	}
	return free[s.rand.IntN(len(free))]
}

// read reads the window (lo, hi] in pages, while the source changes, and distributes the rows over
// chunks.
func (s *source) read(lo, hi int) [][][]any {
	chunks := make([][][]any, 1+s.rand.IntN(4))
	for id := range sourceKeys {
		if s.rand.IntN(4) == 0 {
			s.change()
		}
		r, ok := s.rows[id]
		if !ok || r.at <= lo || r.at > hi {
			continue
		}
		// The target's column ignores case, as the source's does.
		text := any([]string{r.u, "V" + r.u[min(1, len(r.u)):]}[s.rand.IntN(2)])
		if r.u == "" {
			text = nil
		}
		n := s.rand.IntN(len(chunks))
		chunks[n] = append(chunks[n], dbtest.Row(id, text, r.p, r.at))
	}
	return chunks
}

func TestReplaceConvergesUnderRandomChanges(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		w := newReplacing(
			t, s,
			"(id INT PRIMARY KEY, u VARCHAR(20) COLLATE utf8mb4_general_ci, p INT NOT NULL, at INT, UNIQUE (u), "+
				"UNIQUE (p))",
		)
		src := &source{
			rand: rand.New(rand.NewPCG(seed, 1)), clock: 1, rows: map[int]sourceRow{},
		} //nolint:gosec // a test
		var old [][][]any
		var replaced int64
		lo := 0
		for range 60 {
			for range src.rand.IntN(30) {
				src.change()
			}
			hi := src.clock
			src.clock++
			chunks := src.read(max(lo-src.rand.IntN(3), 0), hi)
			all := slices.Clone(chunks)
			if len(old) > 0 && src.rand.IntN(2) == 0 { // a zombie's chunk
				all = append(all, old[src.rand.IntN(len(old))])
			}
			src.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			replaced += applyInParallel(w, seed, all)
			old = append(old, chunks...)
			for id, r := range src.rows {
				if r.at <= hi {
					holdsVersion(w, seed, id, r)
				}
			}
			lo = hi
		}
		require.Positive(t, replaced)
	})
}

// applyInParallel writes chunks in parallel, and retries each until it succeeds, as Temporal does.
func applyInParallel(w *dbtest.Writing, seed uint64, chunks [][][]any) (replaced int64) {
	w.T.Helper()
	var wait sync.WaitGroup
	results, errs := make([]upsert.Result, len(chunks)), make([]error, len(chunks))
	for i, chunk := range chunks {
		rows := w.Rows(chunk...)
		wait.Go(func() {
			for range 20 {
				results[i], errs[i] = upsert.WriteChunk(w.T.Context(), w.Db, w.Spec, rows, nil)
				if !mysqlerr.IsLockConflict(errs[i]) {
					return
				}
			}
		})
	}
	wait.Wait()
	for i, err := range errs {
		require.NoError(w.T, err, "seed %d", seed)
		r := results[i]
		require.Equal(w.T, int64(len(chunks[i])), r.Inserted+r.Updated+r.Unchanged, "seed %d", seed)
		replaced += r.DeletedConflicts
	}
	return replaced
}

func holdsVersion(w *dbtest.Writing, seed uint64, id int, r sourceRow) {
	w.T.Helper()
	var u string
	var p, at int
	err := w.Raw.QueryRowContext(
		w.T.Context(), "SELECT LOWER(COALESCE(u, '')), p, at FROM t WHERE id = ?", id,
	).Scan(&u, &p, &at)
	require.NoError(w.T, err, "row %d, seed %d", id, seed)
	require.Equal(w.T, r, sourceRow{u, p, at}, "row %d, seed %d", id, seed)
}

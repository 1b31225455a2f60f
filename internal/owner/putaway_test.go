package owner_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/owner"
)

func TestFilesArePutAwayByKeyAndVersion(t *testing.T) {
	var none *owner.PutAway
	require.Nil(t, none.Of("o"))
	away := &owner.PutAway{Origin: "o", Files: owner.Loads{load("1.csv", 0)}}
	require.Nil(t, away.Of("another"))
	has := away.Of("o")
	require.True(t, has(load("1.csv", time.Hour)), "its time does not count")
	require.False(t, has(load("2.csv", 0)))
	require.False(t, has(owner.LoadOf("1.csv", "v2", noon)))
}

// Of a load that is put away in parts, the state knows what is left; what is below the floor is forgotten when all of
// it goes.
func TestTheStateFollowsLoadsThatArePutAway(t *testing.T) {
	const day = 24 * time.Hour
	var s owner.State
	s.Put(owner.PutAwayRequest{})
	require.Nil(t, s.Files)
	old, floor, recent := load("old", 9*day), load("floor", 8*day), load("recent", day)
	done := owner.FilesDone{Loads: owner.Loads{old, floor, recent}, PutsAway: true}
	s.Files = s.Files.With(done, 5, noon)
	require.Equal(t, floor.Time, s.Files.Floor)
	require.Equal(t, owner.LoadDone, s.Files.StateOf(old))

	before, rest := s.Files, owner.LoadOf("recent", "rest", recent.Time)
	away := &owner.PutAway{Origin: "o"}
	s.Put(owner.PutAwayRequest{PutAway: away, Rest: owner.Loads{rest}, Gone: owner.Loads{old, floor}})
	require.Same(t, away, s.PutAway)
	require.Equal(t, owner.LoadDone, s.Files.StateOf(rest))
	require.Equal(t, owner.LoadChanged, s.Files.StateOf(recent))
	require.EqualValues(t, 5, s.Files.Done[1].Run)
	require.Equal(t, owner.LoadBelow, s.Files.StateOf(old))
	require.Equal(t, owner.LoadDone, s.Files.StateOf(floor), "a load that comes back is known")
	require.Equal(t, owner.LoadDone, before.StateOf(recent), "a reply that was given stays as it is")
	s.Put(owner.PutAwayRequest{})
	require.Nil(t, s.PutAway)
}

// Folders are remembered once, and a reply that was given stays as it is.
func TestTheStateRemembersWhereFilesWereMovedTo(t *testing.T) {
	var s owner.State
	away := &owner.PutAway{Origin: "o"}
	s.Put(owner.PutAwayRequest{PutAway: away})
	require.Empty(t, s.MovedTo, "they are removed")
	s.Put(owner.PutAwayRequest{PutAway: away, MovesTo: "done"})
	before := s
	for _, to := range []string{"archive", "done", "archive"} {
		s.Put(owner.PutAwayRequest{PutAway: away, MovesTo: to})
	}
	s.Put(owner.PutAwayRequest{})
	require.Equal(t, []string{"done", "archive"}, s.MovedTo)
	require.Equal(t, []string{"done"}, before.MovedTo)
}

// Files count as put away until a run leaves those that it has loaded.
func TestTheStateKnowsWhetherFilesWerePutAway(t *testing.T) {
	var s owner.State
	one := owner.Loads{load("1.csv", 0)}
	s.LoadFiles(owner.FilesDone{Loads: one}, 5, noon)
	require.False(t, s.FilesGone)
	s.Put(owner.PutAwayRequest{PutAway: &owner.PutAway{Origin: "o"}})
	for _, done := range []owner.FilesDone{{}, {Loads: one, PutsAway: true}, {PutsAway: true}} {
		s.LoadFiles(done, 6, noon)
		require.True(t, s.FilesGone)
	}
	s.LoadFiles(owner.FilesDone{Loads: one}, 7, noon)
	require.False(t, s.FilesGone)
	require.EqualValues(t, 7, s.Files.Done[0].Run)
}

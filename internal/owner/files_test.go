package owner_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/owner"
)

var noon = time.Date(2024, 5, 1, 12, 0, 0, 0, time.UTC)

func load(id string, ago time.Duration) owner.Load { return owner.LoadOf(id, "v1", noon.Add(-ago)) }

func TestALoadThatIsCompletedLateIsNew(t *testing.T) {
	var f *owner.Files
	require.Equal(t, owner.LoadNew, f.StateOf(load("a", time.Hour)))
	f = f.With(owner.FilesDone{Loads: owner.Loads{load("a", time.Hour), load("c", time.Minute)}}, 5, noon)
	require.Equal(t, owner.LoadDone, f.StateOf(load("a", time.Hour)))
	require.Equal(t, owner.LoadDone, f.StateOf(load("c", time.Minute)))
	require.Equal(t, owner.LoadNew, f.StateOf(load("b", 2*time.Hour)), "between and below, and complete only now")
	require.Equal(t, owner.LoadChanged, f.StateOf(owner.LoadOf("a", "v2", noon)))
	require.True(t, f.Floor.IsZero())
}

func TestTheFloorRisesPastOldLoadsOnly(t *testing.T) {
	const day = 24 * time.Hour
	var f *owner.Files
	f = f.With(owner.FilesDone{
		Loads: owner.Loads{load("old", 9*day), load("eight", 8*day), load("new", day)}, Unfinished: true,
	}, 5, noon)
	require.True(t, f.Floor.IsZero(), "there is more to load, which may be older than what was loaded")
	f = f.With(owner.FilesDone{}, 6, noon)
	require.Equal(t, noon.Add(-8*day), f.Floor)
	require.Len(t, f.Done, 2)
	require.Equal(t, owner.LoadBelow, f.StateOf(load("old", 9*day)))
	require.Equal(t, owner.LoadDone, f.StateOf(load("eight", 8*day)))
	require.Equal(t, owner.LoadNew, f.StateOf(load("same moment", 8*day)))
	require.Equal(t, owner.LoadDone, f.StateOf(load("new", day)))

	var many owner.Loads
	for i := range 5000 {
		many = append(many, load(fmt.Sprint("m", i), time.Duration(5000-i)*time.Second))
	}
	f = f.With(owner.FilesDone{Loads: many}, 7, noon)
	require.LessOrEqual(t, len(f.Done), 4001)
	require.Equal(t, owner.LoadDone, f.StateOf(many[4999]))
	text, err := json.Marshal(f)
	require.NoError(t, err)
	require.Less(t, len(text), 160_000)
	var again owner.Files
	require.NoError(t, json.Unmarshal(text, &again))
	require.Equal(t, *f, again)
}

func TestWhatATargetHasLostIsLoadedAgain(t *testing.T) {
	var f *owner.Files
	f = f.With(owner.FilesDone{Loads: owner.Loads{load("a", time.Hour)}}, 5, noon)
	f = f.With(owner.FilesDone{Loads: owner.Loads{load("b", time.Minute)}}, 9, noon)
	f = f.With(owner.FilesDone{KeepRuns: 5}, 12, noon)
	require.Equal(t, owner.LoadDone, f.StateOf(load("a", time.Hour)))
	require.Equal(t, owner.LoadNew, f.StateOf(load("b", time.Minute)))
	f = f.With(owner.FilesDone{Forget: true}, 13, noon)
	require.Equal(t, owner.LoadNew, f.StateOf(load("a", time.Hour)))
	require.Nil(t, f.Newest)
	for _, text := range []string{`"x"`, `"AAAA"`, `3`} {
		require.Error(t, json.Unmarshal([]byte(text), &f.Done), text)
	}
}

// Of several loads that are lost, none is newer than what is there: all come again, where their order counts, too.
func TestALostLoadIsNotTheNewestAnyMore(t *testing.T) {
	var f *owner.Files
	for i, name := range []string{"a", "b", "c"} {
		one := load(name, time.Duration(3-i)*time.Hour)
		done := owner.FilesDone{Loads: owner.Loads{one}, Newest: &owner.LoadRef{ID: name, Time: one.Time}}
		f = f.With(done, int64(i+1), noon)
	}
	require.True(t, f.Newer(load("b", 2*time.Hour)))
	require.Contains(t, f.String(), "the newest is load c of ")
	kept := f.With(owner.FilesDone{KeepRuns: 1}, 4, noon)
	require.False(t, kept.Newer(load("b", 2*time.Hour)))
	require.True(t, kept.Newer(load("late", 4*time.Hour)))
	require.Contains(t, kept.String(), "the newest is a load of ")
	require.Equal(t, f.Newest, f.With(owner.FilesDone{KeepRuns: 3}, 4, noon).Newest)
}

func TestLoadsThatAreLostAreForgotten(t *testing.T) {
	var f *owner.Files
	require.Nil(t, f.Without(owner.LostLoads{KeepRuns: 5}))
	done := owner.FilesDone{Origin: "o", Loads: owner.Loads{load("a", time.Hour)}, Columns: []string{"id"}}
	f = f.With(done, 5, noon)
	done.Loads = owner.Loads{load("b", time.Minute)}
	f = f.With(done, 9, noon)
	kept := f.Without(owner.LostLoads{KeepRuns: 5})
	require.Equal(t, owner.LoadDone, kept.StateOf(load("a", time.Hour)))
	require.Equal(t, owner.LoadNew, kept.StateOf(load("b", time.Minute)))
	require.Equal(t, []string{"id"}, kept.Columns)
	require.Equal(t, "o", kept.Origin)
	require.Nil(t, f.Without(owner.LostLoads{}))
}

// A backlog of nine months at five minutes, of which a run takes 2,000 loads, leaves the state small, and nothing that
// is left is taken for done. Loads of which files are put away are known until they are, up to a bound.
func TestABacklogDoesNotFillTheState(t *testing.T) {
	const runs, perRun, step = 40, 2000, 5 * time.Minute
	all := make(owner.Loads, runs*perRun+1)
	for i := range all {
		all[i] = load(fmt.Sprint("l", i), 300*24*time.Hour-time.Duration(i)*step)
	}
	for _, putsAway := range []bool{false, true} {
		var f *owner.Files
		for run := range runs {
			first, left := run*perRun, all[(run+1)*perRun]
			f = f.With(owner.FilesDone{
				Loads: all[first : first+perRun], Unfinished: true, Through: left.Time, PutsAway: putsAway,
			}, int64(run+1), noon)
			require.Equal(t, owner.LoadNew, f.StateOf(left))
			require.Equal(t, owner.LoadDone, f.StateOf(all[first+perRun-1]))
			require.Equal(t, putsAway, f.StateOf(all[first]) == owner.LoadDone)
		}
		require.Equal(t, owner.LoadBelow, f.StateOf(all[0]))
		text, err := json.Marshal(f)
		require.NoError(t, err)
		require.Less(t, len(text), 200_000)
	}
}

// Loads of the time at which a run was full are kept apart, also where their times differ by less than is kept.
func TestLoadsOfOneTimeAtTheCutAreToldApart(t *testing.T) {
	at := noon.Add(-9 * 24 * time.Hour)
	a, b := owner.LoadOf("a", "v1", at), owner.LoadOf("b", "v1", at.Add(300*time.Microsecond))
	kept := load("kept", 8*24*time.Hour)
	var f *owner.Files
	f = f.With(owner.FilesDone{Loads: owner.Loads{a, kept}, Unfinished: true, Through: b.Time}, 5, noon)
	require.Equal(t, at, f.Floor, "what is kept of an earlier run may be newer than what is left")
	require.Equal(t, owner.LoadDone, f.StateOf(a))
	require.Equal(t, owner.LoadNew, f.StateOf(b))
	require.Equal(t, owner.LoadNew, f.StateOf(load("c", 8*24*time.Hour+time.Minute)))
	f = f.With(owner.FilesDone{Loads: owner.Loads{b}}, 6, noon)
	require.Equal(t, kept.Time, f.Floor)
	require.Equal(t, owner.LoadDone, f.StateOf(kept))
}

package world_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// rowOf is a row of a table with the columns id, v, updated_at.
func rowOf(key, v, cursor string) row {
	return row{key: key, shape: []string{"id", "v", "updated_at"}, vals: []string{key, v, cursor}, cursor: cursor}
}

func judgedUpTo(watermark string) *promise { return &promise{watermark: watermark, cursor: true} }

// wrongs are targets that the judge must see.
var wrongs = map[string]struct {
	before, now []row
	kept        *promise
	fault       string
}{
	"all is well": {
		now:  []row{rowOf("1", "b", "12:02"), rowOf("2", "a", "12:01")},
		kept: judgedUpTo("12:03"),
	},
	"newer than promised": {
		now:  []row{rowOf("1", "b", "12:02"), rowOf("2", "a", "12:01")},
		kept: judgedUpTo("12:01"),
	},
	"older, and no more was promised": {now: []row{rowOf("1", "a", "12:00")}, kept: judgedUpTo("12:00")},
	"deleted rows may stay or be absent": {now: []row{
		rowOf("1", "b", "12:02"), rowOf("2", "a", "12:01"),
		rowOf("3", "a", "12:01"),
	}, kept: judgedUpTo("12:03")},
	"a row is missing": {
		now: []row{rowOf("1", "b", "12:02")}, kept: judgedUpTo("12:03"),
		fault: "row 2 is lost",
	},
	"a row is an older version": {
		now:  []row{rowOf("1", "a", "12:00"), rowOf("2", "a", "12:01")},
		kept: judgedUpTo("12:03"), fault: "row 1 is lost",
	},
	"a row falls back": {
		before: []row{rowOf("1", "b", "12:02")},
		now:    []row{rowOf("1", "a", "12:00")}, fault: "row 1 is older than it was",
	},
	"a value is spoiled": {
		now:   []row{rowOf("1", "B", "12:02")},
		fault: "row 1 is no version that the source ever had",
	},
	"half a row is old": {
		now:   []row{rowOf("1", "a", "12:02")},
		fault: "row 1 is no version that the source ever had",
	},
	"a row has another's values": {
		now:   []row{rowOf("2", "b", "12:02")},
		fault: "row 2 is no version that the source ever had",
	},
	"a row that no writer made": {
		now:   []row{rowOf("9", "a", "12:00")},
		fault: "the source never had this key",
	},
}

// An oracle that finds nothing is worth nothing: each of these targets is one that it must refuse.
func TestTheOracleSeesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for name, c := range wrongs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHistory()
			h.record([]row{rowOf("1", "a", "12:00"), rowOf("2", "a", "12:01"), rowOf("3", "a", "12:01")})
			h.recordAll([]row{rowOf("1", "b", "12:02"), rowOf("2", "a", "12:01")}, func(string) bool { return true })
			at := newTarget("target")
			require.Empty(t, h.compare(at, c.before, nil))
			faults := h.compare(at, c.now, c.kept)
			if c.fault == "" {
				require.Empty(t, faults)
				return
			}
			require.NotEmpty(t, faults)
			require.Contains(t, faults[0], c.fault)
		})
	}
}

func TestTheOracleIsPatientOnce(t *testing.T) {
	t.Parallel()
	h := newHistory()
	h.record([]row{rowOf("1", "a", "12:00")})
	at := newTarget("target")
	kept := &promise{watermark: "12:01", cursor: true, patient: true}
	require.Empty(t, h.compare(at, nil, kept))
	require.Len(t, h.compare(at, nil, kept), 1)
	require.Empty(t, h.compare(at, []row{rowOf("1", "a", "12:00")}, kept))
	require.Empty(t, h.compare(at, []row{rowOf("1", "a", "12:00")}, kept))
}

func TestTheOracleLetsChangesByHandStand(t *testing.T) {
	t.Parallel()
	h := newHistory()
	h.record([]row{rowOf("1", "a", "12:00")})
	at := newTarget("target")
	at.spoiled["1"] = 1
	byHand := []row{rowOf("1", "x", "12:00")}
	require.Empty(t, h.compare(at, byHand, &promise{watermark: "12:01", cursor: true}), "the source has nothing newer")
	h.record([]row{rowOf("1", "b", "12:02")})
	require.Empty(t, h.compare(at, byHand, &promise{watermark: "12:01", cursor: true}))
	require.NotEmpty(t, h.compare(at, byHand, &promise{watermark: "12:02", cursor: true}), "ignored for ever")
	require.Empty(t, h.compare(at, []row{rowOf("1", "b", "12:02")}, &promise{watermark: "12:02", cursor: true}))
	require.NotEmpty(t, h.compare(at, byHand, nil), "it was mended once")
}

func TestTheOracleKnowsWhatEachRunPromises(t *testing.T) {
	t.Parallel()
	h := newHistory()
	h.record([]row{rowOf("1", "a", "12:00"), rowOf("2", "a", "12:01"), rowOf("3", "a", "12:02")})
	began := h.now()
	h.record([]row{rowOf("4", "a", "12:01")})
	for name, c := range map[string]struct {
		kept promise
		lost int
	}{
		"up to the watermark":            {promise{watermark: "12:01", cursor: true}, 3},
		"rows may come at the watermark": {promise{watermark: "12:01", cursor: true, below: true}, 1},
		"a backfill has both ends": {
			promise{watermark: "12:01", cursor: true, from: "12:00", began: began},
			1,
		},
		"all that was there, up to a moment": {
			promise{watermark: "11:00", cursor: true, upTo: "12:01", began: began},
			2,
		},
		"all that was there": {promise{began: began}, 3},
	} {
		require.Len(t, h.compare(newTarget(name), nil, &c.kept), c.lost, name)
	}
}

func TestWatermarksOfNumbersAreNumbers(t *testing.T) {
	t.Parallel()
	for _, less := range [][2]string{{"9", "10"}, {"-10", "-9"}, {"-1", "0"}, {"0", "18446744073709551615"}} {
		require.True(t, lessNumber(less[0], less[1]), less)
		require.False(t, lessNumber(less[1], less[0]), less)
	}
	require.False(t, lessNumber("7", "7"))
}

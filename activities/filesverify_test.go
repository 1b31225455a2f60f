package activities_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// planVerify plans a comparison of the lake's table with its files.
func (l *lake) planVerify(in activities.PlanVerifyInput) (plan activities.PlanVerifyResult, err error) {
	l.t.Helper()
	l.state.Lease = nil
	l.deps.Client = &stateClient{state: l.state}
	l.restart()
	in.Table, in.Run = "lake.orders", "verify-1"
	if in.Depth == "" {
		in.Depth = api.DepthDigest
	}
	return plan, l.step("PlanVerify", in, &plan)
}

// verify compares the lake's table with its files.
func (l *lake) verify() (out found, plan activities.PlanVerifyResult) {
	l.t.Helper()
	plan, err := l.planVerify(activities.PlanVerifyInput{})
	require.NoError(l.t, err)
	in := activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum}
	out = l.compareAll(&in, plan)
	end := activities.FinishVerifyInput{RangeInput: in, Record: &owner.VerifyRecord{Verdicts: out.verdicts}}
	require.NoError(l.t, l.step("FinishVerify", end, &activities.FinishVerifyResult{}))
	return out, plan
}

func TestATableOfFilesIsComparedWithItsFiles(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, lakeTable)
		_, err := l.planVerify(activities.PlanVerifyInput{})
		requireType(t, err, failure.UnsupportedTable)
		require.ErrorContains(t, err, "no file is there that runs of lake.orders have loaded")
		l.put("1.csv", 3*time.Hour, header, l.row(1, "old", "01"), l.row(2, "two", "01"), l.row(3, "three", "01"))
		l.put("2.csv", 2*time.Hour, header, l.row(1, "new", "02"), l.row(4, `\N`, "01"), l.row(5, "five", "01"))
		l.run()
		got, plan := l.verify()
		require.EqualValues(t, 6, got.SourceRows)
		require.EqualValues(t, 6, got.Equal+got.Superseded+got.verdicts[verify.Settled])
		require.Empty(t, differing(got.verdicts))
		require.Equal(t, 2, plan.Files.Files)

		l.put("3.csv", time.Hour, header, l.row(6, "not loaded yet", "01"))
		l.AtTarget("DELETE FROM t WHERE id = 2", "UPDATE t SET v = 'x' WHERE id = 3",
			"UPDATE t SET v = '', updated_at = '2023-01-01' WHERE id = 4",
			"UPDATE t SET updated_at = '2024-06-01' WHERE id = 5",
			"INSERT INTO t VALUES (9, 'of others', '2024-01-01')")
		got, plan = l.verify()
		require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 1, verify.Stale: 1},
			differing(got.verdicts), "what is newer, and what others have written, is none of the files'")
		require.Contains(t, plan.Warnings, "1 load not loaded yet: not compared")
	})
}

func differing(verdicts map[verify.Verdict]int64) map[verify.Verdict]int64 {
	out := map[verify.Verdict]int64{}
	for v, n := range verdicts {
		if v.Differs() {
			out[v] = n
		}
	}
	return out
}

// Without a cursor the last version of a key counts, wherever ranges, stretches and passes end.
func TestFilesWithoutACursorAreComparedByTheirLastVersion(t *testing.T) {
	l := newLake(t, servers.MySQL(t), lakeTable)
	l.settings.Cursor = ""
	l.deps.Sizes = activities.Sizes{Stretch: 2, RecheckFiles: 2}
	l.put("1.csv", 3*time.Hour, header, l.row(1, "a", "01"), l.row(2, "a", "01"), l.row(3, "a", "01"),
		l.row(4, "a", "01"), l.row(4, "a2", "00"), l.row(5, "a", "01"))
	l.put("2.csv", 2*time.Hour, header, l.row(1, "b", "00"), l.row(2, "b", "00"), l.row(3, "b", "00"))
	l.run()
	got, _ := l.verify()
	require.Empty(t, differing(got.verdicts))
	require.EqualValues(t, 9, got.SourceRows)
	l.AtTarget("UPDATE t SET v = 'a', updated_at = '2024-05-01 00:00:01' WHERE id = 2", "DELETE FROM t WHERE id = 5")
	got, _ = l.verify()
	require.Equal(t, map[verify.Verdict]int64{verify.Missing: 1, verify.Silent: 1}, differing(got.verdicts))

	plan, err := l.planVerify(activities.PlanVerifyInput{})
	require.NoError(t, err)
	l.put("3.csv", time.Hour, header, l.row(1, "c", "00"))
	l.run()
	l.state.Lease = nil
	l.deps.Client = &stateClient{state: l.state}
	l.restart()
	err = l.step("CompareRange", activities.RangeInput{Table: "lake.orders", Run: plan.Run, PlanSum: plan.PlanSum}, nil)
	requireType(t, err, failure.TableChanged)
	l.put("1.csv", time.Minute*200, header, l.row(1, "other", "01"))
	plan, err = l.planVerify(activities.PlanVerifyInput{})
	require.NoError(t, err)
	require.Contains(t, plan.Warnings, "1 load not loaded yet: not compared", "it is another file by now")
	_, err = l.planVerify(activities.PlanVerifyInput{Since: true})
	requireType(t, err, failure.UnsupportedTable)
}

// Each type's values come out of the target as the reader of files has made them.
func TestValuesOfFilesAreComparedExactly(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		l := newLake(t, s, "CREATE TABLE t (id INT PRIMARY KEY, f FLOAT, d DOUBLE, n DECIMAL(20,5), c CHAR(5), "+
			"b BLOB, dt DATETIME(3), ts TIMESTAMP(6) NULL, ti TIME(2), da DATE, y YEAR, e ENUM('a','b'), "+
			"st SET('a','b'), bi BIT(9), j JSON, tx TEXT, u BIGINT UNSIGNED, z TINYINT(1))")
		l.settings.Cursor = ""
		l.settings.Files.Bytes, l.settings.Files.Zone = "hex", "UTC"
		l.put("1.jsonl", time.Hour,
			`{"id":1,"f":0.1,"d":1e22,"n":"1.5","c":"ab ","b":"00ff","dt":"2024-05-01T10:00:00.5",`+
				`"ts":"2024-05-01T10:00:00+02:00","ti":"-10:00:00","da":"2024-02-29","y":2024,"e":"B","st":"b,a","bi":300,`+
				`"j":{"b":1.50,"a":[1,null]},"tx":"ä","u":18446744073709551615,"z":true}`,
			`{"id":2,"f":16777216,"d":-0.0,"n":0,"tx":""}`, `{"id":3,"f":1e-7,"d":0.30000000000000004,"j":1e2}`)
		l.run()
		got, _ := l.verify()
		require.Equal(t, verify.Tally{SourceRows: 3, TargetRows: 3, Equal: 3}, got.Tally)
		require.Empty(t, got.verdicts)
	})
}

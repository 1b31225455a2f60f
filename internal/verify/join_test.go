package verify_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// keysAndSums is a layout of a key and a value.
func keysAndSums(t testing.TB) *verify.Layout {
	key := table.Column{Name: "k", Type: "varchar(20)", Kind: table.KindString}
	c := verify.Column{Source: key, Target: key}
	l := &verify.Layout{Columns: []verify.Column{c, c}, Key: 1, Cursor: -1}
	require.NoError(t, l.Prepare())
	return l
}

// In any order of rows, and with any rows missing, added or changed, exactly the keys that differ are found.
func TestAJoinFindsWhatDiffersInAnyOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	join := verify.NewJoin(keysAndSums(t), verify.SameKeys)
	for range 300 {
		var source, target [][]any
		var want []table.Texts
		equal := 0
		for i := range random.IntN(40) {
			key := fmt.Sprint(i)
			row, other := []any{key, "a"}, []any{key, "b"}
			switch random.IntN(12) {
			case 0:
				source, want = append(source, row), append(want, table.Texts{key})
			case 1:
				target, want = append(target, row), append(want, table.Texts{key})
			case 2:
				source, target, want = append(source, row), append(target, other), append(want, table.Texts{key})
			default:
				source, target, equal = append(source, row), append(target, row), equal+1
			}
		}
		if random.IntN(2) == 0 {
			random.Shuffle(len(target), func(i, j int) { target[i], target[j] = target[j], target[i] })
		}
		join.Reset()
		for _, rows := range slices.Collect(slices.Chunk(source, 7)) {
			join.First(rowsOf(rows...))
		}
		for _, rows := range slices.Collect(slices.Chunk(target, 5)) {
			join.Second(rowsOf(rows...))
		}
		require.ElementsMatch(t, want, join.End())
		require.Equal(t, verify.Tally{
			SourceRows: int64(len(source)), TargetRows: int64(len(target)), Equal: int64(equal),
			Suspects: int64(len(want)),
		}, join.Tally)
	}
}

// A key that a read meets twice, because it moved meanwhile, is left to the second look.
func TestAKeyThatIsReadTwiceIsASuspect(t *testing.T) {
	join := verify.NewJoin(keysAndSums(t), verify.SameKeys)
	join.First(rowsOf([]any{"1", "a"}, []any{"2", "a"}, []any{"1", "b"}))
	join.Second(rowsOf([]any{"2", "a"}, []any{"1", "b"}, []any{"1", "b"}))
	require.Contains(t, join.End(), table.Texts{"1"})
}

// However many rows the second side has and the first has not, memory does not grow with them.
func TestExtraRowsOfTheSecondSideNeedNoMemory(t *testing.T) {
	join := verify.NewJoin(keysAndSums(t), verify.SameKeys)
	join.First(rowsOf([]any{"first", "a"}))
	page, found := table.NewRows(2), int64(0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for n := range 500 {
		page.Reset()
		for i := range 1000 {
			page.Append(fmt.Appendf(nil, "%d-%d", n, i))
			page.Append([]byte("a"))
		}
		join.Second(page)
		found += int64(len(join.Found(10_000)))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(8<<20))
	found += int64(len(join.End()))
	require.EqualValues(t, 500_001, found)
	require.Equal(t, found, join.Tally.Suspects)
}

// Long keys fill a stretch before it has its rows.
func TestLongKeysEndAStretch(t *testing.T) {
	join := verify.NewJoin(keysAndSums(t), verify.SameKeys)
	long := strings.Repeat("k", 3000)
	for n := 0; !join.Full(50_000); n++ {
		require.Less(t, n, 4000)
		join.First(rowsOf([]any{fmt.Sprint(long, n), "a"}))
	}
	require.True(t, join.Full(1))
}

func BenchmarkJoin(b *testing.B) {
	moment := table.Column{Name: "u", Type: "timestamp(6)", Kind: table.KindTimestamp, Precision: 6}
	text := table.Column{Name: "c", Type: "varchar(60)", Kind: table.KindString}
	id := table.Column{Name: "id", Type: "bigint unsigned", Kind: table.KindUint, Bits: 64}
	l := &verify.Layout{Key: 1, Cursor: 3, AsOf: "2027-01-01 00:00:00.000000", Columns: []verify.Column{
		{Source: id, Target: id},
		{Source: text, Target: text},
		{Source: text, Target: text},
		{Source: moment, Target: moment},
	}}
	require.NoError(b, l.Prepare())
	page := table.NewRows(4)
	const rows = 10_000
	for i := range rows {
		page.Append(fmt.Appendf(nil, "%d", i))
		page.Append(fmt.Appendf(nil, "customer %d of the %d", i*7919%9973, i*31%1000))
		page.Append(fmt.Appendf(nil, "%d times, ring twice — größte Sorgfalt", i*131%977))
		page.Append(fmt.Appendf(nil, "2026-01-01 00:00:%02d.%06d", i%60, i))
	}
	join := verify.NewJoin(l, verify.SameKeys)
	b.ReportAllocs()
	for b.Loop() {
		join.Reset()
		join.First(page)
		join.Second(page)
		if len(join.End()) > 0 {
			b.Fatal("they differ")
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*rows), "ns/row")
}

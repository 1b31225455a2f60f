package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// The digest depends on the equal rows alone: not on their order, not on the stretches that they were compared in.
func TestTheDigestDependsOnTheEqualRowsAlone(t *testing.T) {
	text := one(table.KindString, "text")
	l := layoutOf(t, text, text)
	rows := [][]any{{"a", "1", before}, {"b", "2", before}, {"c", "3", before}, {"d", "4", after}}
	compare := func(stretches ...[][]any) verify.Digest {
		j := verify.NewJoin(l, verify.SameKeys)
		var sum verify.Digest
		for _, s := range stretches {
			j.Reset()
			j.First(rowsOf(s...))
			j.Second(rowsOf(s...))
			require.Empty(t, j.End())
			sum.Merge(j.Digest)
		}
		return sum
	}
	all := compare(rows)
	require.Equal(t, all, compare(rows[2:], rows[:2]))
	require.NotEqual(t, all, compare(rows[:3]))
	require.NotEqual(t, all, compare(rows[:3], [][]any{{"d", "5", after}}))
	require.Equal(t, verify.Digest{}, compare())

	var back verify.Digest
	written, err := all.MarshalText()
	require.NoError(t, err)
	require.NoError(t, back.UnmarshalText(written))
	require.Equal(t, all, back)
	for _, bad := range []string{"", "00", "x0000000000000000000000000000000", string(written) + "00"} {
		require.Error(t, back.UnmarshalText([]byte(bad)), bad)
	}

	// A row that differs, and one that only one side has, are not in it.
	j := verify.NewJoin(l, verify.SameKeys)
	j.First(rowsOf(append(append([][]any{}, rows...), []any{"e", "5", before})...))
	j.Second(rowsOf(append(append([][]any{}, rows...), []any{"e", "6", before}, []any{"f", "7", before})...))
	require.Len(t, j.End(), 2)
	require.Equal(t, all, j.Digest)
}

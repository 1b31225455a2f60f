package verify_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

func TestVerdicts(t *testing.T) {
	text := one(table.KindString, "text")
	for name, c := range map[string]struct {
		source, target [][]any
		respelled      bool
		want           verify.Verdict
	}{
		"equal by now":      {[][]any{{"k", "a", before}}, [][]any{{"k", "a", before}}, false, verify.Settled},
		"gone on both":      {nil, nil, false, verify.Settled},
		"changed meanwhile": {[][]any{{"k", "b", after}}, [][]any{{"k", "a", before}}, false, verify.Pending},
		"missing":           {[][]any{{"k", "a", before}}, nil, false, verify.Missing},
		"stale": {
			[][]any{{"k", "a", before}},
			[][]any{{"k", "a", "2024-05-31 23:59:59.999998"}},
			false, verify.Stale,
		},
		"newer": {
			[][]any{{"k", "a", "2024-05-01 00:00:00.000000"}},
			[][]any{{"k", "a", before}},
			false, verify.Newer,
		},
		"silent":    {[][]any{{"k", "a", before}}, [][]any{{"k", "b", before}}, false, verify.Silent},
		"deleted":   {nil, [][]any{{"k", "a", before}}, false, verify.Deleted},
		"respelled": {[][]any{{"k", "a", before}}, nil, true, verify.Respelled},
	} {
		t.Run(name, func(t *testing.T) {
			key := table.Texts{"k"}
			look := verify.NewLook(layoutOf(t, text, text), []table.Texts{key})
			for side, rows := range map[verify.Side][][]any{verify.Source: c.source, verify.Target: c.target} {
				if rows != nil {
					look.Add(side, rowsOf(rows...))
				}
			}
			got := look.Judge(map[string]bool{key.Bytes(): c.respelled})
			require.Equal(t, c.want, got[0].Verdict)
			require.Equal(t, c.want != verify.Settled && c.want != verify.Pending, c.want.Differs())
		})
	}
}

// A row of the target that changes while the source is looked at is left to the next comparison: neither order of two
// looks shows what was there at one moment.
func TestARowThatChangesBetweenLooksIsPending(t *testing.T) {
	text := one(table.KindString, "text")
	l := layoutOf(t, text, text)
	same, other, gone := []any{"k", "a", before}, []any{"k", "b", before}, []any(nil)
	for _, c := range []struct {
		first, source, last []any
		want                verify.Verdict
	}{
		{gone, same, gone, verify.Missing},
		{gone, same, same, verify.Pending},  // a run has brought it
		{same, gone, gone, verify.Pending},  // a sweep has removed it
		{other, same, same, verify.Pending}, // a repair has mended it
		{other, same, other, verify.Silent},
	} {
		keys := []table.Texts{{"k"}}
		look, later := verify.NewLook(l, keys), verify.NewLook(l, keys)
		for _, a := range []struct {
			to   *verify.Look
			side verify.Side
			row  []any
		}{{look, verify.Target, c.first}, {look, verify.Source, c.source}, {later, verify.Target, c.last}} {
			if a.row != nil {
				a.to.Add(a.side, rowsOf(a.row))
			}
		}
		require.Equal(t, keys, look.Differing())
		look.Confirm(later)
		require.Equal(t, c.want, look.Judge(nil)[0].Verdict, "%v", c)
	}
}

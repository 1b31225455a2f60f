package table_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

// The tables beside a target have names that a server takes, that differ for any two targets, and that are left out of
// families.
func TestNamesOfAReplacement(t *testing.T) {
	long := strings.Repeat("x", 63)
	seen := map[string]string{}
	for _, name := range []string{
		"t", "T", strings.Repeat("x", 50), strings.Repeat("x", 51), long + "a", long + "b", strings.Repeat("中", 30),
		strings.Repeat("中", 31), strings.Repeat("中", 64), "a b`c", "_t", "new_t",
	} {
		target := table.Name{Schema: "dw", Table: name}
		r := table.ReplacementOf(target)
		require.Equal(t, target, r.Target)
		require.Equal(t, r, table.ReplacementOf(target))
		for _, beside := range []table.Name{r.Load, r.Old} {
			require.Equal(t, "dw", beside.Schema)
			require.LessOrEqual(t, len([]rune(beside.Table)), 64)
			require.Empty(t, seen[beside.Table], name)
			seen[beside.Table] = name
			kept, left := table.WithoutOnlineChanges([]table.Name{target, beside})
			require.Equal(t, []table.Name{target}, kept)
			require.Equal(t, []table.Name{beside}, left)
		}
	}
	require.Equal(t, "tablehaul_new_t", table.ReplacementOf(table.Name{Schema: "dw", Table: "t"}).Load.Table)
}

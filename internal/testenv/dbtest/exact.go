package dbtest

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Says asserts a finding about a column.
func Says(t *testing.T, plan target.Diff, column, text string) {
	t.Helper()
	require.True(t, slices.ContainsFunc(plan.Findings, func(f table.Finding) bool {
		return f.Column == column && strings.Contains(f.Text, text)
	}), "%s: %s: %+v", column, text, plan.Findings)
}

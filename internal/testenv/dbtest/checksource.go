package dbtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Found are the findings of a level, each as "column: text (remedy)".
func Found(t testing.TB, db *mysqldb.DB, tbl *schema.Table, check source.CheckSpec, level table.Level) []string {
	t.Helper()
	all, err := source.New(db).Check(t.Context(), tbl, check)
	require.NoError(t, err)
	var out []string
	for _, f := range all {
		require.Equal(t, tbl.Name.String(), f.Table)
		if f.Level == level {
			out = append(out, f.Column+": "+f.Text+" ("+f.Remedy+")")
		}
	}
	return out
}

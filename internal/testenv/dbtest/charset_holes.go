package dbtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/table"
)

// CopyRows reads a table whole and writes it to another.
func CopyRows(t *testing.T, src, dst *mysqldb.DB, from, to *schema.Table, conflicts upsert.ConflictPolicy) {
	t.Helper()
	columns := table.Carried(from.Values())
	_, err := scan.ReadPages(t.Context(), src, scan.ReadSpec{
		Table: from, Columns: columns,
		Limits: scan.PageLimits{Rows: 100},
	},
		func(rows *table.Rows) error {
			_, err := upsert.WriteChunk(t.Context(), dst,
				upsert.Spec{Target: to, Columns: columns, Conflicts: conflicts}, rows, func() {})
			return err
		})
	require.NoError(t, err, "%s", from.Columns[1].Charset)
}

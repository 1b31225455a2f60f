package scan_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A DOUBLE(10,3) prints three digits, which often are another double than the stored one. It is read as it is stored:
// pages by it end, and looks by it find its row.
func TestADoubleOfDeclaredDigitsIsReadAsItIsStored(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		from := s.Schema(t)
		db := dbtest.Lenient(t, s, from)
		const rows = 500
		dbtest.Exec(t, db, "CREATE TABLE d (k DOUBLE(10,3) PRIMARY KEY)")
		dbtest.Fill(t, db, "d", rows, "2.5e0 + n / 1e3")
		want := dbtest.Texts(t, db, "SELECT k * 1e0 FROM d ORDER BY k")
		require.Contains(t, want, "2.9210000000000003")
		src := dbtest.Open(t, s, mysqldb.Options{Role: mysqldb.Source})
		d := dbtest.Introspect(t, src, from, "d")
		var got []string
		var keys []table.Texts
		tooMany := errors.New("a row is read again")
		_, err := scan.ReadPages(t.Context(), src, scan.ReadSpec{
			Table: d, Columns: d.Values(), Limits: scan.PageLimits{Rows: 1, MaxRows: 1},
		}, func(page *table.Rows) error {
			for i := range page.Len() {
				got, keys = append(got, string(page.Value(i, 0))), append(keys, table.Texts{string(page.Value(i, 0))})
			}
			if len(got) > rows {
				return tooMany
			}
			return nil
		})
		require.NoError(t, err)
		require.Equal(t, want, got)
		found := 0
		err = scan.ReadKeys(t.Context(), src, scan.KeysSpec{Table: d, Columns: d.Values(), Keys: keys},
			func(page *table.Rows) error {
				found += page.Len()
				return nil
			})
		require.NoError(t, err)
		require.Equal(t, rows, found)
	})
}

package source_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// An integer that counts since 1970 is a candidate with its unit, and no sound one: only the application raises it.
// Other numbers are none.
func TestIntegersThatCountSince1970AreCandidates(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewPair(t, s, s)
		p.AtSource("CREATE TABLE moments (id INT PRIMARY KEY, version BIGINT NOT NULL, s INT UNSIGNED NOT NULL, "+
			"ms BIGINT NOT NULL, us BIGINT NULL, bare BIGINT NULL, KEY (version), KEY (ms), KEY (us), KEY (bare))",
			"INSERT INTO moments SELECT 1, 7, n, n * 1000, n * 1000000, NULL FROM "+
				"(SELECT UNIX_TIMESTAMP() - 9 AS n) AS x",
			"INSERT INTO moments SELECT 2, 8, s + 5, ms + 5000, us + 5000000, NULL FROM moments")
		got, err := source.New(p.Src).CursorCandidates(t.Context(), dbtest.Introspect(t, p.Src, p.From, "moments"))
		require.NoError(t, err)
		units := map[string]source.CursorUnit{}
		for _, c := range got {
			units[c.Column] = c.Unit
			require.False(t, c.Sound(), c.Column)
		}
		require.Equal(t, map[string]source.CursorUnit{
			"s": source.UnitSeconds, "ms": source.UnitMillis, "us": source.UnitMicros,
		}, units)
		require.Equal(t, "ms", got[0].Column, "it has an index and no NULLs")
	})
}

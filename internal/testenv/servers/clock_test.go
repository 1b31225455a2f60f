package servers_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

func TestAClockIsSetWhileTheServerRuns(t *testing.T) {
	for _, f := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(f), func(t *testing.T) {
			s, clock := servers.WithClock(t, f)
			db := s.DB(t, "")
			for _, offset := range []time.Duration{-5 * time.Minute, 0, time.Hour} {
				require.NoError(t, clock.Set(offset))
				require.Eventually(t, func() bool {
					var now int64
					require.NoError(t, db.QueryRowContext(t.Context(), "SELECT UNIX_TIMESTAMP()").Scan(&now))
					return time.Until(time.Unix(now, 0).Add(-offset)).Abs() < 5*time.Second
				}, time.Minute, 50*time.Millisecond, "%s", offset)
			}
		})
	}
}

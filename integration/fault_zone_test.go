package integration_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// backBy is by how much the clock is set back, in place of the hour of the end of summer time.
const backBy = 25 * time.Second

// setBackIn gives a server a time zone, for all its clients, whose clock is set back once, at a
// moment soon to come: time zones are rows of its own tables.
func setBackIn(t *testing.T, s *servers.Server, soon time.Duration) (at time.Time) {
	t.Helper()
	db := s.DB(t, "mysql")
	at = time.Now().Add(soon).Truncate(time.Second)
	exec(t, db, "INSERT INTO time_zone (Time_zone_id, Use_leap_seconds) VALUES (9001, 'N')",
		"INSERT INTO time_zone_name (Name, Time_zone_id) VALUES ('Test/Back', 9001)",
		fmt.Sprintf("INSERT INTO time_zone_transition_type (Time_zone_id, Transition_type_id, `Offset`, Is_DST, "+
			"Abbreviation)"+
			" VALUES (9001, 0, %d, 1, 'SUM'), (9001, 1, 3600, 0, 'WIN')", 3600+int(backBy.Seconds())),
		fmt.Sprintf("INSERT INTO time_zone_transition (Time_zone_id, Transition_time, Transition_type_id) VALUES "+
			"(9001, 0, 0), (9001, %d, 1)", at.Unix()),
		"SET GLOBAL time_zone = 'Test/Back'")
	return at
}

// writeAll writes a row into each of the tables, again and again, until ctx ends.
func writeAll(ctx context.Context, conn *sql.Conn, tables ...string) error {
	for id := 1; pause(ctx, 20*time.Millisecond); id++ {
		for _, table := range tables {
			if _, err := conn.ExecContext(context.WithoutCancel(ctx),
				fmt.Sprintf("INSERT INTO %s (id) VALUES (%d)", table, id)); err != nil {
				return err
			}
		}
	}
	return nil
}

// The clock of the server's zone is set back while rows are written: local times come twice. A
// TIMESTAMP does not know of it, a DATETIME with an overlap that is longer waits, one without is
// ahead of its source for as long. Nothing is lost in either case.
func TestAClockThatIsSetBackIsCoveredByTheOverlap(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, shared *servers.Server) {
		s := servers.Private(t, shared.Flavor)
		back := setBackIn(t, s, 25*time.Second)
		p := start(t, options{source: s, target: shared, tables: strings.Join([]string{
			"- { name: FROM.local, target: TO.local, cursor: at, overlap: 40s }",
			"- { name: FROM.bare, target: TO.bare, cursor: at, overlap: 0s }",
			"- { name: FROM.stamped, target: TO.stamped, cursor: at, overlap: 0s }",
		}, "\n")})
		tables := []string{"local", "bare", "stamped"}
		for _, table := range tables {
			kind := "DATETIME(3)"
			if table == "stamped" {
				kind = "TIMESTAMP(3)"
			}
			exec(t, p.src,
				"CREATE TABLE "+table+" (id INT PRIMARY KEY, at "+kind+" NOT NULL DEFAULT CURRENT_TIMESTAMP(3), KEY "+
					"(at))",
				"INSERT INTO "+table+" VALUES (0, '2024-01-01')")
			warnings := strings.Join(p.sync(table).Warnings, "\n")
			if table == "stamped" {
				require.NotContains(t, warnings, "comes twice")
				continue
			}
			require.Contains(t, warnings, "column at has local times of Test/Back: when summer time ends, an hour "+
				"of it comes twice")
		}
		ctx, stop := context.WithCancel(t.Context())
		wrote := make(chan error, 1)
		writer := session(t, p.src)
		require.True(t, time.Now().Before(back.Add(-2*time.Second)), "the clock was set back too early")
		go func() { wrote <- writeAll(ctx, writer, tables...) }()
		ahead := 0
		tryBare := func() bool {
			_, err := p.try(workflows.SyncTableInput{Table: p.table("bare")})
			if err != nil {
				requireFailure(t, err, failure.WatermarkAhead)
				ahead++
			}
			return err == nil
		}
		for time.Now().Before(back.Add(8 * time.Second)) {
			p.sync("local")
			p.sync("stamped")
			tryBare()
		}
		require.Positive(t, ahead)
		stop()
		require.NoError(t, <-wrote)
		require.Equal(t, "1", scalar(t, p.src, "SELECT MAX(a.at) > MIN(b.at) FROM local a JOIN local b ON b.id = "+
			"a.id + 1"), "no clock was set back")
		p.settled("stamped")
		p.equal("stamped", []string{"id"}, "at")
		// Until the second time is over, for the server's clock and for the watermarks.
		const local = "CONVERT_TZ(UTC_TIMESTAMP(3), '+00:00', @@GLOBAL.time_zone)"
		holds(t, p.src, "SELECT "+local+" > MAX(at) + INTERVAL 1 SECOND FROM local")
		now := scalar(t, p.src, "SELECT CAST("+local+" AS CHAR)")
		require.Eventually(t, func() bool { return p.sync("local").Watermark >= now }, timeout, poll)
		require.Eventually(t, func() bool { return tryBare() && p.state("bare").Watermark >= now }, timeout, poll)
		p.equal("local", []string{"id"}, "at")
		p.equal("bare", []string{"id"}, "at")
	})
}

package source

import (
	"context"
	"database/sql"
	"time"

	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
)

// silences are how long ago each channel had an event or a heartbeat; nil where the server does not
// say: MariaDB counts heartbeats and keeps no time.
func (s *Source) silences(ctx context.Context) (map[string]time.Duration, error) {
	if s.db.Server.Flavor != mysqldb.FlavorMySQL || !s.db.Server.AtLeast(8, 0, 11) {
		return nil, nil
	}
	rows, err := s.db.QueryContext(ctx, "SELECT CHANNEL_NAME, TIMESTAMPDIFF(MICROSECOND, "+
		"GREATEST(LAST_HEARTBEAT_TIMESTAMP, LAST_QUEUED_TRANSACTION_END_QUEUE_TIMESTAMP), NOW(6)) FROM "+
		"performance_schema.replication_connection_status")
	if err != nil {
		return nil, ignoreDenied(err)
	}
	defer func() { _ = rows.Close() }()
	out := map[string]time.Duration{}
	for rows.Next() {
		var channel string
		var micros sql.NullInt64
		if err := rows.Scan(&channel, &micros); err != nil {
			return nil, err
		}
		// Events come while the statement runs. More than a moment ahead, the clock was set back.
		if silence := time.Duration(micros.Int64) * time.Microsecond; micros.Valid && silence > -time.Second {
			out[channel] = max(0, silence)
		}
	}
	return out, rows.Err()
}

// listenForEvents is silences on MariaDB: it asks a few times whether an event has arrived. Where the primary
// is written all the time, one has at once.
func (s *Source) listenForEvents(
	ctx context.Context, before []schema.Record, asked time.Time,
) (map[string]time.Duration, error) {
	position := func(c schema.Record) string {
		return c.Text("MASTER_LOG_FILE") + " " + c.Text("READ_MASTER_LOG_POS") + " " +
			c.Text("SLAVE_RECEIVED_HEARTBEATS")
	}
	first := map[string]string{}
	for _, c := range before {
		first[channelName(c)] = position(c)
	}
	heard := map[string]time.Duration{}
	for try := 0; try < listenTries && len(heard) < len(first); try++ {
		if err := clock.Sleep(ctx, listenPause); err != nil {
			return nil, err
		}
		channels, _, err := s.replicaChannels(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range channels {
			name := channelName(c)
			if _, known := heard[name]; !known && position(c) != first[name] {
				heard[name] = time.Since(asked)
			}
		}
	}
	return heard, nil
}

// How often and how long apart listenForEvents asks, at most.
const (
	listenTries = 5
	listenPause = 100 * time.Millisecond
)

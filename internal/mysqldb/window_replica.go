package mysqldb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// replicaLag is how far a source that is a replica is behind; the zero value is a primary.
type replicaLag struct {
	lag      time.Duration
	unknown  bool
	warnings []string
}

// replica finds out whether the source is a replica, and refuses it without opt-in.
func (d *DB) replica(ctx context.Context, spec HiSpec) (replicaLag, error) {
	channels, seen, err := d.replicaChannels(ctx)
	if err != nil {
		return replicaLag{}, err
	}
	if !seen {
		// Without the privilege to ask, a server that takes no writes is as good as a replica.
		var readOnly bool
		if err := d.QueryRowContext(ctx, "SELECT @@GLOBAL.read_only").Scan(&readOnly); err != nil {
			return replicaLag{}, err
		}
		if !readOnly {
			return replicaLag{}, nil
		}
		if !spec.AllowReplica {
			return replicaLag{}, fmt.Errorf("%w (the server is read-only, and the account may not ask about replication)", ErrReplica)
		}
		return replicaLag{unknown: spec.FixedLag == 0}, nil
	}
	if len(channels) == 0 {
		return replicaLag{}, nil
	}
	if !spec.AllowReplica {
		return replicaLag{}, ErrReplica
	}
	return lagOf(channels), nil
}

func lagOf(channels []record) replicaLag {
	r := replicaLag{warnings: []string{
		"the source is a replica: transactions still open on its primary are not seen, only the overlap covers them",
	}}
	for _, c := range channels {
		text := c.text("SECONDS_BEHIND_SOURCE") + c.text("SECONDS_BEHIND_MASTER") // a server has one of them
		seconds, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			r.unknown = true
			continue
		}
		r.lag = max(r.lag, time.Duration(seconds+1)*time.Second)
	}
	return r
}

// replicaChannels are the channels by which the server replicates from others; seen is false
// where the account may not know.
func (d *DB) replicaChannels(ctx context.Context) (channels []record, seen bool, err error) {
	query := "SHOW SLAVE STATUS"
	switch {
	case d.Server.Flavor == FlavorMariaDB:
		query = "SHOW ALL SLAVES STATUS"
	case d.Server.AtLeast(8, 0, 22):
		query = "SHOW REPLICA STATUS"
	}
	rows, err := d.QueryContext(ctx, query)
	if err != nil {
		if n := NumberOf(err); n == errSpecificAccess || n == errTableAccessDenied {
			return nil, false, nil
		}
		return nil, false, err
	}
	recs, err := scanRecords(rows)
	if cerr := rows.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, false, err
	}
	for _, r := range recs {
		// Group replication's own channels are not replication from elsewhere.
		if !strings.HasPrefix(r.text("CHANNEL_NAME"), "group_replication_") {
			channels = append(channels, r)
		}
	}
	return channels, true, nil
}

package source

import (
	"context"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// ReplicaLag is how far the server is behind those that it replicates from, in whole seconds: the longest of its
// channels. known is false where a channel does not say, as when its replication is stopped, where the account may not
// ask (REPLICATION CLIENT; on MariaDB REPLICA MONITOR), or where the server is no replica.
func (s *Source) ReplicaLag(ctx context.Context) (lag time.Duration, known bool, err error) {
	channels, seen, err := s.replicaChannels(ctx)
	if err != nil {
		return 0, false, fmt.Errorf("ask for the replica's lag: %w", mysqlerr.Safe(err))
	}
	if !seen || len(channels) == 0 {
		return 0, false, nil
	}
	known = true
	for _, c := range channels {
		behind, says := secondsBehind(c)
		known = known && says
		lag = max(lag, behind)
	}
	return lag, known, nil
}

// Behind is how far the source is behind its primary, at most, its silence included; 0 for a server that is no replica.
// known is false where a replica does not say, and where the login may not ask whether it is one. See
// [UpperBoundSpec].AllowReplica.
func (s *Source) Behind(ctx context.Context) (behind time.Duration, known bool, err error) {
	r, err := s.replica(ctx, UpperBoundSpec{AllowReplica: true})
	if err != nil {
		return 0, false, fmt.Errorf("ask for the replica's lag: %w", mysqlerr.Safe(err))
	}
	return r.behind(), !r.unknown && !r.unseen, nil
}

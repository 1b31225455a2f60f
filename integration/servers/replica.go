package servers

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// replicationLog is the name of a primary's binary logs, so that the first one's is known.
const replicationLog = "primary"

// Replicas starts a primary and a replica of it, both of the test's own, and waits until the
// replica has what the primary has. Further arguments are for both.
func Replicas(tb testing.TB, f Flavor, args ...string) (primary, replica *Server) {
	tb.Helper()
	primary = Private(tb, f, append([]string{"--log-bin=" + replicationLog, "--server-id=1"}, args...)...)
	replica = Private(tb, f, append([]string{"--log-bin=replica", "--server-id=2"}, args...)...)
	ctx, cancel := context.WithTimeout(tb.Context(), readyTimeout)
	defer cancel()
	if err := replicate(ctx, primary, replica); err != nil {
		tb.Fatalf("replicate: %v", err)
	}
	primary.Schema(tb) // something to wait for
	if err := primary.AwaitReplica(ctx, replica); err != nil {
		tb.Fatalf("replicate: %v", err)
	}
	return primary, replica
}

// replicate lets a replica follow a primary from the primary's first binary log on.
func replicate(ctx context.Context, primary, replica *Server) error {
	at, err := primary.runner.peer(ctx)
	if err != nil {
		return err
	}
	if at == "" {
		at = primary.Addr()
	}
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return err
	}
	// The privilege goes by this name on both flavors. The login is made on the primary and comes
	// to the replica like everything else.
	if err := primary.say(ctx, "CREATE USER 'follower'@'%' IDENTIFIED BY 'follows'", "GRANT REPLICATION SLAVE ON *.* TO 'follower'@'%'"); err != nil {
		return err
	}
	from := fmt.Sprintf("_HOST = '%s', X_PORT = %s, X_USER = 'follower', X_PASSWORD = 'follows', X_LOG_FILE = '%s.000001', X_LOG_POS = 4, X_CONNECT_RETRY = 1",
		host, port, replicationLog)
	if replica.Flavor == FlavorMariaDB {
		return replica.say(ctx, "CHANGE MASTER TO MASTER"+strings.ReplaceAll(from, "X_", "MASTER_"), "START SLAVE")
	}
	return replica.say(ctx, "CHANGE REPLICATION SOURCE TO SOURCE"+strings.ReplaceAll(from, "X_", "SOURCE_")+", GET_SOURCE_PUBLIC_KEY = 1", "START REPLICA")
}

// say runs statements as root.
func (s *Server) say(ctx context.Context, statements ...string) error {
	db, err := sql.Open("mysql", s.DSN(""))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	for _, q := range statements {
		if _, err := db.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%.40s…: %w", q, err)
		}
	}
	return nil
}

// AwaitReplica waits until a replica has what the primary has now.
func (s *Server) AwaitReplica(ctx context.Context, replica *Server) error {
	mark := fmt.Sprintf("th_mark_%d", time.Now().UnixNano())
	if err := s.say(ctx, "CREATE DATABASE "+mark); err != nil {
		return err
	}
	for {
		err := replica.say(ctx, "USE "+mark)
		if err == nil {
			return s.say(ctx, "DROP DATABASE "+mark)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for the replica: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

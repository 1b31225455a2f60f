package servers

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tablehaul/tablehaul/internal/process"
)

// replicationLog is the name of a primary's binary logs, so that the first one's is known.
const replicationLog = "primary"

// Replicas starts a primary and a replica of it, both of the test's own, and waits until the
// replica has what the primary has. Further arguments are for both.
func Replicas(tb testing.TB, f Flavor, args ...string) (primary, replica *Server) {
	tb.Helper()
	primary = Private(tb, f, append([]string{"--log-bin=" + replicationLog, "--server-id=1"}, args...)...)
	replica = Private(tb, f, append([]string{"--log-bin=replica", "--server-id=2"}, args...)...)
	ctx, cancel := context.WithTimeout(tb.Context(), controlTimeout)
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

// Group starts two members of a replication group of MySQL servers: the primary, and a secondary
// that has joined it. Servers in containers know each other by their own addresses.
func Group(tb testing.TB) (primary, secondary *Server) {
	tb.Helper()
	var members [2]*Server
	var addresses, seeds [2]string
	ctx, cancel := context.WithTimeout(tb.Context(), controlTimeout)
	defer cancel()
	for i := range members {
		members[i] = Private(tb, FlavorMySQL, fmt.Sprintf("--server-id=%d", i+1), "--log-bin=member", "--gtid-mode=ON",
			"--enforce-gtid-consistency=ON",
			"--plugin-load-add=group_replication.so",
			"--loose-group-replication-group-name=3e11fa47-71ca-11e1-9e33-c80aa9429562",
			"--loose-group-replication-recovery-get-public-key=ON", "--loose-group-replication-start-on-boot=OFF")
		at, err := members[i].PeerAddr(ctx)
		if err != nil {
			tb.Fatalf("start a replication group: %v", err)
		}
		host, _, err := net.SplitHostPort(at)
		if err != nil {
			tb.Fatalf("start a replication group: %v", err)
		}
		port, err := process.FreePort()
		if err != nil {
			tb.Fatalf("start a replication group: %v", err)
		}
		addresses[i], seeds[i] = at, net.JoinHostPort(host, strconv.Itoa(port))
	}
	for i, member := range members {
		begin := []string{
			"SET GLOBAL group_replication_bootstrap_group = ON", "START GROUP_REPLICATION",
			"SET GLOBAL group_replication_bootstrap_group = OFF",
		}
		if i > 0 {
			begin = begin[1:2]
		}
		if err := member.say(ctx, append([]string{
			// Made by each for itself: with a history of its own no member can join.
			"CREATE USER 'follower'@'%' IDENTIFIED BY 'follows'",
			"GRANT REPLICATION SLAVE, BACKUP_ADMIN, GROUP_REPLICATION_STREAM ON *.* TO 'follower'@'%'",
			"RESET BINARY LOGS AND GTIDS",
			"CHANGE REPLICATION SOURCE TO SOURCE_USER = 'follower', SOURCE_PASSWORD = 'follows' FOR CHANNEL " +
				"'group_replication_recovery'",
			"SET GLOBAL group_replication_local_address = '" + seeds[i] + "'",
			"SET GLOBAL group_replication_group_seeds = '" + seeds[0] + "," + seeds[1] + "'",
			"SET GLOBAL group_replication_advertise_recovery_endpoints = '" + addresses[i] + "'",
		}, begin...)...); err != nil {
			tb.Fatalf("start a replication group: %v", err)
		}
	}
	primary, secondary = members[0], members[1]
	primary.Schema(tb) // something to wait for
	if err := primary.AwaitReplica(ctx, secondary); err != nil {
		tb.Fatalf("start a replication group: %v", err)
	}
	return primary, secondary
}

// replicate lets a replica follow a primary from the primary's first binary log on.
func replicate(ctx context.Context, primary, replica *Server) error {
	at, err := primary.PeerAddr(ctx)
	if err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(at)
	if err != nil {
		return err
	}
	// The privilege goes by this name on both flavors. The login is made on the primary and comes
	// to the replica like everything else.
	if err := primary.say(ctx, "CREATE USER 'follower'@'%' IDENTIFIED BY 'follows'",
		"GRANT REPLICATION SLAVE ON *.* TO 'follower'@'%'"); err != nil {
		return err
	}
	from := fmt.Sprintf("_HOST = '%s', X_PORT = %s, X_USER = 'follower', X_PASSWORD = 'follows', X_LOG_FILE = "+
		"'%s.000001', X_LOG_POS = 4, X_CONNECT_RETRY = 1",
		host, port, replicationLog)
	if replica.Flavor == FlavorMariaDB {
		return replica.say(ctx, "CHANGE MASTER TO MASTER"+strings.ReplaceAll(from, "X_", "MASTER_"), "START SLAVE")
	}
	return replica.say(ctx, "CHANGE REPLICATION SOURCE TO SOURCE"+strings.ReplaceAll(from, "X_",
		"SOURCE_")+", GET_SOURCE_PUBLIC_KEY = 1", "START REPLICA")
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

package source

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
)

// replicaLag is how far a source that is a replica is behind; the zero value is a primary.
type replicaLag struct {
	// lag is how far it was behind at the moment asked, at most.
	lag     time.Duration
	asked   time.Time
	unknown bool
	// silence is for how long its quietest line was not heard of, where that is what lag counts, and
	// shorter says what would make it less.
	silence time.Duration
	shorter string
	// timed says that the server knows when it last heard of its line.
	timed bool

	warnings []string
	// unseen says that the login may not ask for channels.
	unseen bool
}

// behind is how far the replica is behind the moment of the call, at most.
func (r replicaLag) behind() time.Duration {
	if r.lag == 0 {
		return 0
	}
	return r.lag + time.Since(r.asked)
}

// blocker names the replica as what keeps an upper bound low.
func (r replicaLag) blocker() *Blocker {
	h := &Blocker{Kind: BlockerReplica, Seconds: r.behind().Seconds()}
	if r.unknown {
		h.State, h.Release = "it does not know how far it is behind", "let go by replication that runs, or by fixedLag"
	} else if r.silence > 0 {
		was := "was"
		if !r.timed {
			was = "may have been"
		}
		h.State = "its line to the primary " + was + " silent for " + r.silence.Round(time.Second).String()
		h.Release = "made less by " + r.shorter
	}
	return h
}

// role is what a server says of itself to every login.
type role struct {
	readOnly bool
	group    string // the replication group's name
	// silence is how long the server waits for an event or a heartbeat before it connects again.
	silence time.Duration
}

func (s *Source) readRole(ctx context.Context) (r role, err error) {
	recs, err := readRecords(ctx, s.db, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('read_only', 'super_read_only',"+
		" 'innodb_read_only', 'slave_net_timeout', 'replica_net_timeout', 'group_replication_group_name')")
	for _, rec := range recs {
		value := rec.Text("VALUE")
		switch name := strings.ToLower(rec.Text("VARIABLE_NAME")); name {
		case "group_replication_group_name":
			r.group = value
		case "slave_net_timeout", "replica_net_timeout":
			seconds, _ := strconv.ParseInt(value, 10, 64) //nolint:errcheck // 0 is as good as none
			r.silence = time.Duration(seconds) * time.Second
		default: // OFF, or one of several words for a server that takes no writes
			r.readOnly = r.readOnly || value != "OFF" && value != "0" && value != ""
		}
	}
	return r, err
}

// replica finds out whether the source is a replica, and refuses it without opt-in. A server that
// takes no writes is one: a replica, a secondary of a group, or a primary that was replaced.
func (s *Source) replica(ctx context.Context, spec UpperBoundSpec) (replicaLag, error) {
	r := replicaLag{asked: time.Now()}
	var channels []schema.Record
	var seen bool
	var role role
	err := s.db.Together(
		func() (err error) { channels, seen, err = s.replicaChannels(ctx); return err },
		func() (err error) { role, err = s.readRole(ctx); return err },
	)
	if err != nil {
		return replicaLag{}, err
	}
	r.unseen = !seen
	why := ""
	switch {
	case len(channels) > 0:
		why = "it replicates from " + hosts(channels)
	case role.readOnly && role.group != "":
		why = "the server is a read-only member of a replication group"
	case role.readOnly:
		why = "the server is read-only"
	case !seen:
		// A login that sees the connections sees replication's own.
		if found, err := s.showsReplication(ctx); err != nil || !found {
			return replicaLag{unseen: true}, err
		}
		why = "replication is at work there"
	default:
		return replicaLag{}, nil
	}
	if !seen {
		why += ", and the login may not ask about replication"
	}
	if !spec.AllowReplica {
		return replicaLag{}, fmt.Errorf("%w (%s)", ErrReplica, why)
	}
	r.warnings = []string{"the source is a replica: transactions still open on its primary are not seen," +
		" only the overlap covers them"}
	if len(channels) == 0 {
		r.unknown = spec.FixedLag == 0
		return r, nil
	}
	return r, s.measure(ctx, &r, channels, role)
}

// measure finds how far the channels are behind. A line that dies is noticed by the server after a
// minute, and meanwhile it says that it is 0 seconds behind: so the silence counts too.
func (s *Source) measure(ctx context.Context, r *replicaLag, channels []schema.Record, role role) error {
	silences, err := s.silences(ctx)
	if err == nil && s.db.Server.Flavor == mysqldb.FlavorMariaDB {
		silences, err = s.listenForEvents(ctx, channels, r.asked)
	}
	if err != nil {
		return err
	}
	r.shorter = "a shorter heartbeat of the replica (CHANGE REPLICATION SOURCE TO SOURCE_HEARTBEAT_PERIOD)"
	if r.timed = len(silences) > 0; !r.timed {
		r.shorter = "a smaller slave_net_timeout of the replica"
		if s.db.Server.Flavor == mysqldb.FlavorMySQL {
			r.shorter = "SELECT on performance_schema.replication_connection_status"
		}
	}
	for _, c := range channels {
		behind, says := secondsBehind(c)
		if !says || c.Text("REPLICA_IO_RUNNING")+c.Text("SLAVE_IO_RUNNING") != "Yes" {
			r.unknown = true
			continue
		}
		silence, heard := silences[channelName(c)]
		if !heard {
			silence = role.silence
		}
		r.lag = max(r.lag, behind+time.Second, silence) // whole seconds, rounded down
		r.silence = max(r.silence, silence)
	}
	if r.silence < r.lag {
		r.silence = 0 // the rest is
	}
	return nil
}

// secondsBehind is what a channel says of its lag.
func secondsBehind(c schema.Record) (_ time.Duration, says bool) {
	text := c.Text("SECONDS_BEHIND_SOURCE") + c.Text("SECONDS_BEHIND_MASTER") // a server has one of them
	seconds, err := strconv.ParseInt(text, 10, 64)
	return time.Duration(seconds) * time.Second, err == nil
}

func channelName(c schema.Record) string {
	return c.Text("CHANNEL_NAME") + c.Text("CONNECTION_NAME") // a server has one of them
}

// hosts names where channels lead.
func hosts(channels []schema.Record) string {
	var names []string
	for _, c := range channels {
		names = append(names, c.Text("SOURCE_HOST")+c.Text("MASTER_HOST"))
	}
	return strings.Join(names, ", ")
}

// showsReplication searches for the threads of replication among the connections.
func (s *Source) showsReplication(ctx context.Context) (found bool, err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer func() { _ = conn.Close() }()
	processes, err := readProcesses(ctx, conn)
	for _, p := range processes {
		mysqls := s.db.Server.Flavor == mysqldb.FlavorMySQL && p.user == "system user" && p.command != "Daemon"
		found = found || mysqls || strings.HasPrefix(p.command, "Slave_")
	}
	return found, err
}

// replicaChannels are the channels by which the server replicates from others; seen is false
// where the account may not know.
func (s *Source) replicaChannels(ctx context.Context) (channels []schema.Record, seen bool, err error) {
	query := "SHOW SLAVE STATUS"
	switch {
	case s.db.Server.Flavor == mysqldb.FlavorMariaDB:
		query = "SHOW ALL SLAVES STATUS"
	case s.db.Server.AtLeast(8, 0, 22):
		query = "SHOW REPLICA STATUS"
	}
	recs, err := readRecords(ctx, s.db, query)
	if err != nil {
		if n := mysqlerr.NumberOf(err); n == mysqlerr.ErrSpecificAccess || n == mysqlerr.ErrTableAccessDenied {
			return nil, false, nil
		}
		return nil, false, err
	}
	for _, r := range recs {
		// Group replication's own channels are not replication from elsewhere.
		if !strings.HasPrefix(r.Text("CHANNEL_NAME"), "group_replication_") {
			channels = append(channels, r)
		}
	}
	return channels, true, nil
}

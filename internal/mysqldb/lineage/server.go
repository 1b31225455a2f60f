package lineage

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// Server is what a server says of itself and of the history of its data.
type Server struct {
	// ID is @@server_uuid; MariaDB's @@server_id. Neither names the data: a copied data folder has the
	// same, and a rebuilt server has another.
	ID   string `json:"id"`
	Host string `json:"host"`
	Port int    `json:"port"`
	// Version is the kind and the version, such as "MySQL 9.7.0"; "" is not known. Another one may print expressions
	// and types otherwise.
	Version string `json:"version,omitempty"`
	// History is the set of transactions that the server has executed: @@gtid_executed, or MariaDB's
	// @@gtid_current_pos. Empty where the server keeps none, and where it is longer than maxHistory.
	History string `json:"history,omitempty"`
	// Durable says that a transaction that is committed survives a crash of the server's machine
	// (innodb_flush_log_at_trx_commit).
	Durable bool `json:"-"`
	// Includes says that the server has executed all of the history that ReadServer was given.
	Includes bool `json:"-"`
	// Unique says that no two servers give a transaction of their own the same name in History. MariaDB's
	// positions are numbers that each server counts for itself.
	Unique bool `json:"-"`
}

// maxHistory bounds the history that is kept, in bytes: it travels with the table's state.
const maxHistory = 4096

// Same reports whether both are the same server by all that it says of itself.
func (s Server) Same(o Server) bool { return s.ID == o.ID && s.Host == o.Host && s.Port == o.Port }

// String is for people: "db1:3306 (4bd1…)".
func (s Server) String() string {
	if s.ID == "" {
		return "an unknown server"
	}
	return fmt.Sprintf("%s:%d (server id %s)", s.Host, s.Port, s.ID)
}

// ReadServer asks a server who it is. known is a history of an earlier time, or empty.
func ReadServer(ctx context.Context, db mysqldb.Reader, known string) (Server, error) {
	id, history, includes := "@@server_uuid", "@@global.gtid_executed", "GTID_SUBSET(?, @@global.gtid_executed)"
	if db.ServerInfo().Flavor == mysqldb.FlavorMariaDB {
		id, history, includes = "CAST(@@server_id AS CHAR)", "@@global.gtid_current_pos", "? IS NULL"
	}
	var s Server
	printer := db.ServerInfo() // whose version is that of the time at which the pool was opened
	var flush int
	var synced bool
	err := db.QueryRowContext(ctx, "SELECT "+id+", @@hostname, @@port, "+history+", "+
		includes+", @@innodb_flush_log_at_trx_commit, @@log_bin = 0 OR @@sync_binlog = 1, @@version", known).
		Scan(&s.ID, &s.Host, &s.Port, &s.History, &s.Includes, &flush, &synced, &printer.Version)
	if err != nil {
		return Server{}, fmt.Errorf("ask the server who it is: %w", mysqlerr.Safe(err))
	}
	s.Version = printer.String()
	s.History = strings.ReplaceAll(s.History, "\n", "")
	if db.ServerInfo().Flavor == mysqldb.FlavorMariaDB {
		s.Includes = includesPositions(s.History, known)
	}
	s.Includes, s.Unique = s.Includes && known != "", db.ServerInfo().Flavor == mysqldb.FlavorMySQL
	if len(s.History) > maxHistory {
		s.History = ""
	}
	s.Durable = (flush == 1 || flush == 3) && synced
	return s, nil
}

// Started is when the server was started, in seconds since 1970 by its own clock; exact to a second.
func Started(ctx context.Context, db mysqldb.Reader) (at int64, err error) {
	var variable, uptime string
	err = db.QueryRowContext(ctx, "SELECT UNIX_TIMESTAMP()").Scan(&at)
	if err == nil {
		err = db.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Uptime'").Scan(&variable, &uptime)
	}
	if err != nil {
		return 0, fmt.Errorf("ask the server when it was started: %w", mysqlerr.Safe(err))
	}
	return at - int64(uptimeOf(uptime).Seconds()), nil
}

// Clustered reports whether the server is a member of a cluster in which no member loses what another one has
// committed: Galera, or group replication. Connections of one pool may lead to several of its members.
func Clustered(ctx context.Context, db mysqldb.Reader) (is bool, err error) {
	rows, err := db.QueryContext(ctx, "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('wsrep_on', "+
		"'group_replication_group_name')")
	if err != nil {
		return false, fmt.Errorf("ask the server for its cluster: %w", mysqlerr.Safe(err))
	}
	defer func() { _ = rows.Close() }() // an error of it follows from one of Next
	for rows.Next() {
		var variable, value string
		if err := rows.Scan(&variable, &value); err != nil {
			return false, fmt.Errorf("ask the server for its cluster: %w", err)
		}
		is = is || value != "" && value != "OFF"
	}
	if err := rows.Err(); err != nil {
		return false, fmt.Errorf("ask the server for its cluster: %w", mysqlerr.Safe(err))
	}
	return is, nil
}

// uptimeOf reads Uptime as a signed number of seconds: a clock that was set back to before the
// server's start makes it 2⁶⁴ − n.
func uptimeOf(text string) time.Duration {
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(int64(n)) * time.Second //nolint:gosec // the wrap-around is the meaning
}

// includesPositions reports whether MariaDB's position of each domain ("0-1-42", separated by
// commas) is at or behind that of the same domain in now.
func includesPositions(now, known string) bool {
	have, ok := positions(now)
	want, ok2 := positions(known)
	if !ok || !ok2 {
		return false
	}
	for domain, seq := range want {
		if have[domain] < seq {
			return false
		}
	}
	return true
}

func positions(text string) (map[string]uint64, bool) {
	out := map[string]uint64{}
	if text == "" {
		return out, true
	}
	for part := range strings.SplitSeq(text, ",") {
		fields := strings.Split(strings.TrimSpace(part), "-")
		if len(fields) != 3 {
			return nil, false
		}
		seq, err := strconv.ParseUint(fields[2], 10, 64)
		if err != nil {
			return nil, false
		}
		out[fields[0]] = max(out[fields[0]], seq)
	}
	return out, true
}

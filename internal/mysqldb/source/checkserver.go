package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/table"
)

// checkZone warns of local times that go back.
func (s *Source) checkZone(ctx context.Context, f *findings, t *schema.Table, check CheckSpec) error {
	c := t.Column(check.Cursor)
	if c == nil || c.Kind != table.KindDateTime && c.Kind != table.KindDate {
		return nil
	}
	var offsets int
	var zone string
	err := s.withTimeZone(ctx, UpperBoundSpec{Cursor: c.Column, Zone: check.Zone}, func(conn *sql.Conn) error {
		// Six points of the coming year: more than one offset means summer time.
		points := make([]string, 6)
		for i := range points {
			points[i] = fmt.Sprintf("SELECT TIMESTAMPDIFF(SECOND, '1970-01-01', FROM_UNIXTIME(p.at)) - p.at AS shift "+
				"FROM (SELECT UNIX_TIMESTAMP() + %d AS at) p", i*61*24*3600)
		}
		return conn.QueryRowContext(ctx, "SELECT COUNT(DISTINCT shift), IF(@@time_zone = 'SYSTEM', "+
			"@@system_time_zone, @@time_zone) FROM ("+strings.Join(points, " UNION ALL ")+") year").
			Scan(&offsets, &zone)
	})
	switch {
	case mysqlerr.NumberOf(err) == mysqlerr.ErrUnknownTimeZone:
		f.add(table.LevelRefuse, check.Cursor, "", fmt.Sprintf("the server does not know the time zone %q", check.Zone),
			`load the server's time zone tables, or write the zone as an offset such as "+01:00"`)
		return nil
	case err != nil:
		return err
	}
	whose := ""
	if check.Zone == "" {
		whose = ", the source's global time_zone; cursorZone names another"
	}
	f.add(table.LevelInfo, check.Cursor, table.TopicCursor,
		fmt.Sprintf("column %s is taken as local time of %s%s", check.Cursor, zone, whose), "")
	if offsets > 1 {
		f.add(table.LevelWarn, check.Cursor, "", fmt.Sprintf("column %s has local times of %s: when summer time ends, "+
			"an hour of it comes twice", check.Cursor, zone), "use a TIMESTAMP, or an overlap longer than an hour "+
			"around the change")
	}
	return nil
}

// checkServer is about the server and the account.
func (s *Source) checkServer(ctx context.Context, f *findings, _ *schema.Table, check CheckSpec) error {
	var replica replicaLag
	var writers string
	work := &findings{table: f.table}
	ask := []func() error{func() (err error) {
		replica, err = s.replica(ctx, UpperBoundSpec{AllowReplica: check.AllowReplica, FixedLag: check.FixedLag})
		if errors.Is(err, ErrReplica) {
			if check.Cursor != "" {
				f.add(table.LevelRefuse, "", "", err.Error(), "")
			}
			return nil
		}
		return err
	}}
	if check.Cursor != "" && check.FixedLag == 0 {
		ask = append(ask, func() error { return s.checkOpenWorkVisible(ctx, work) })
	}
	if check.Cursor != "" {
		ask = append(ask, func() (err error) { writers, err = s.otherWriters(ctx); return err })
	}
	if err := s.db.Together(ask...); err != nil {
		return err
	}
	for _, w := range replica.warnings {
		f.add(table.LevelWarn, "", "", w, "set an overlap longer than the primary's longest transaction")
	}
	if replica.unseen && check.Cursor != "" {
		f.add(table.LevelInfo, "", table.TopicGrant, "the login may not ask about replication: a replica that takes "+
			"writes, and whose replication has stopped, is not noticed", s.ReplicationGrant())
	}
	if check.Cursor == "" {
		return nil
	}
	if check.FixedLag > 0 {
		f.add(table.LevelWarn, "", "", fmt.Sprintf("rows of transactions that last longer than %s are lost",
			check.FixedLag), s.db.Server.Grant("PROCESS", "*.*")+", and leave fixedLag out")
	}
	f.list = append(f.list, work.list...)
	if writers != "" {
		f.add(table.LevelWarn, "", "", fmt.Sprintf("%s: transactions open on other nodes are not seen", writers),
			"let only this node take writes, or set an overlap longer than the longest transaction")
	}
	return nil
}

// ReplicationGrant is the statement that lets the login ask how replication goes.
func (s *Source) ReplicationGrant() string {
	if s.db.Server.Flavor == mysqldb.FlavorMariaDB && s.db.Server.AtLeast(10, 5, 0) {
		return s.db.Server.Grant("REPLICA MONITOR", "*.*")
	}
	return s.db.Server.Grant("REPLICATION CLIENT", "*.*")
}

// checkReadable tries to read. The information schema shows a table to every login that may do anything
// with it, and only those of its columns: a login that may read some of them would lose the
// others without a word. SELECT * is refused to it.
func (s *Source) checkReadable(ctx context.Context, f *findings, t *schema.Table) (bool, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT * FROM "+sqltext.Qualified(t.Name)+" LIMIT 0")
	if err == nil {
		err = errors.Join(rows.Err(), rows.Close())
	}
	switch mysqlerr.NumberOf(err) {
	case mysqlerr.ErrTableAccessDenied, mysqlerr.ErrColumnAccessDenied:
		f.add(table.LevelRefuse, "", table.TopicGrant, "the login lacks SELECT on the source, or has it on some "+
			"columns only", s.db.Server.Grant("SELECT", sqltext.Qualified(t.Name)))
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("check the source %s: %w", t.Name, mysqlerr.Safe(err))
	}
	return true, nil
}

// checkOpenWorkVisible is about what the login sees of open work.
func (s *Source) checkOpenWorkVisible(ctx context.Context, f *findings) error {
	without, looked := s.openWork.lastNoLocksReason()
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	_, err = txn.ReadList(ctx, func(own string) (bool, error) {
		_, err := s.readTransactions(ctx, conn, own)
		return false, err
	})
	if err == nil && !looked {
		_, without, err = s.readLockView(ctx, conn)
	}
	if errors.Is(err, ErrNeedsProcess) {
		f.add(table.LevelRefuse, "", table.TopicGrant, noProcess, s.db.Server.Grant("PROCESS", "*.*")+
			", or set the table's fixedLag to longer than any transaction lasts")
		return nil
	}
	const cost = "%s: transactions that write other tables hold the window back too, and reads outside of START" +
		" TRANSACTION READ ONLY"
	switch without {
	case noLocksGrant:
		f.add(table.LevelInfo, "", table.TopicGrant, fmt.Sprintf(cost, without),
			s.db.Server.Grant("SELECT", "performance_schema.*"))
	case noLocksRecorded:
		f.add(table.LevelInfo, "", "", fmt.Sprintf(cost, without), "switch the instruments "+
			"wait/lock/metadata/sql/mdl and transaction, and the consumers events_statements_current and "+
			"events_transactions_current on")
	}
	return err
}

// otherWriters names a cluster in which other nodes may take writes too.
func (s *Source) otherWriters(ctx context.Context) (string, error) {
	for _, q := range []struct{ query, alone, name string }{
		{"SHOW GLOBAL STATUS LIKE 'wsrep_cluster_size'", "0 1", "the source is a node of a Galera cluster"},
		{"SHOW GLOBAL VARIABLES LIKE 'group_replication_single_primary_mode'", "ON", "the source is a node of a" +
			" group with several primaries"},
	} {
		var variable, value string
		err := s.db.QueryRowContext(ctx, q.query).Scan(&variable, &value)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return "", err
		}
		if !strings.Contains(q.alone, value) {
			return q.name, nil
		}
	}
	return "", nil
}

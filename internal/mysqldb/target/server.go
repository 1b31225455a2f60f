package target

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// instancePair are the digests of two servers: see mysqldb.Instance.
type instancePair struct{ a, b string }

// othersKnown has each instancePair that was found to be two servers.
var othersKnown sync.Map

// sameServer reports whether two pools lead to one server. Names and addresses can lie; a
// lock that one takes and the other sees cannot. Two servers stay two while their pools lead to the same ones, so that
// a process takes the lock once.
func sameServer(ctx context.Context, a, b mysqldb.Reader) (same bool, err error) {
	if a.ServerInfo().Version != b.ServerInfo().Version {
		return false, nil
	}
	pair := instancePair{a.Instance().Digest, b.Instance().Digest}
	if _, known := othersKnown.Load(pair); known {
		return false, nil
	}
	if same, err = seesItsLock(ctx, a, b); err == nil && !same && pair.a != pair.b {
		othersKnown.Store(pair, true)
	}
	return same, err
}

// seesItsLock reports whether b sees a lock that a takes.
func seesItsLock(ctx context.Context, a, b mysqldb.Reader) (same bool, err error) {
	err = a.WithSession(ctx, "", "", func(conn mysqldb.RowQuerier) error {
		name := "tablehaul-" + rand.Text()
		var got sql.NullInt64
		if err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, 0)", name).Scan(&got); err != nil {
			if mysqlerr.IsPermanent(err) { // as clusters and proxies do that forbid such locks
				same, err = sameSettings(ctx, a, b)
			}
			return err
		}
		var holder sql.NullInt64
		err := b.QueryRowContext(ctx, "SELECT IS_USED_LOCK(?)", name).Scan(&holder)
		var released sql.NullInt64
		if e := conn.QueryRowContext(ctx, "SELECT RELEASE_LOCK(?)", name).Scan(&released); err == nil {
			err = e
		}
		same = holder.Valid
		return err
	})
	return same, err
}

// sameSettings compares what no two servers have alike, unless one is a copy of the other's machine.
func sameSettings(ctx context.Context, a, b mysqldb.Reader) (bool, error) {
	const query = "SELECT CONCAT_WS('|', @@hostname, @@port, @@datadir, @@socket)"
	var one, other string
	if err := a.QueryRowContext(ctx, query).Scan(&one); err != nil {
		return false, err
	}
	if err := b.QueryRowContext(ctx, query).Scan(&other); err != nil {
		return false, err
	}
	return one == other, nil
}

// checkServer checks for settings under which no chunk could be written.
func (c *comparison) checkServer(settings map[string]string) error {
	on := func(name string) bool { v := settings[name]; return v != "" && v != "OFF" && v != "0" }
	if on("log_bin") && settings["binlog_format"] == "STATEMENT" {
		c.addFinding(table.LevelRefuse, "", "binlog_format=STATEMENT on the target does not allow writes in READ "+
			"COMMITTED", "set binlog_format to ROW or MIXED on the target")
	}
	checkDurable(c.Diff, settings, on("log_bin"))
	bypass := c.grants.unknown || c.grants.has("SUPER", anywhere) || c.grants.has("CONNECTION_ADMIN", anywhere) ||
		c.grants.has("READ_ONLY ADMIN", anywhere)
	switch {
	case on("super_read_only"), on("innodb_read_only"), on("read_only") && !bypass:
		return &mysqlerr.Error{
			Problem: mysqlerr.Problem{
				Class: mysqlerr.ClassFailover, Sentence: "the target is read-only",
				Remedy: "write to the primary server",
			},
		}
	case on("read_only"):
		c.addFinding(table.LevelWarn, "", "the target is read-only for other logins: it may be a replica",
			"write to the primary server")
	}
	return nil
}

// checkDurable warns of settings under which the server confirms what a crash can undo.
func checkDurable(p *Diff, settings map[string]string, binlog bool) {
	var lax, strict []string
	for _, one := range []struct {
		name, durable string
		applies       bool
	}{{"innodb_flush_log_at_trx_commit", "1 3", true}, {"sync_binlog", "1", binlog}} {
		value, known := settings[one.name]
		if one.applies && known && !slices.Contains(strings.Fields(one.durable), value) {
			lax = append(lax, one.name+" = "+value)
			strict = append(strict, "GLOBAL "+one.name+" = 1")
		}
	}
	if len(lax) == 0 {
		return
	}
	p.addFinding(table.LevelWarn, "", "a crash of the target's server or its machine can undo chunks that it has "+
		"confirmed ("+strings.Join(lax, ", ")+"): the last rows of a run that is done are then missing until the next "+
		"run, which writes them again where a state row is kept beside the target", "SET "+strings.Join(strict, ", ")+
		" on the target, and the same in its configuration file").Topic = table.TopicDurability
}

// checkEngine refuses engines in which a chunk could be left half written.
func (c *comparison) checkEngine(ctx context.Context) error {
	var transactions sql.NullString
	err := c.dst.QueryRowContext(ctx, "SELECT TRANSACTIONS FROM information_schema.ENGINES WHERE ENGINE = ?",
		c.target.Engine).Scan(&transactions)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if transactions.String != "YES" {
		c.addFinding(table.LevelRefuse, "", fmt.Sprintf("the target's engine %s has no transactions, so a failed "+
			"chunk would stay half written", c.target.Engine), fmt.Sprintf("ALTER TABLE %s ENGINE=InnoDB",
			sqltext.Qualified(c.target.Name)))
	}
	return nil
}

package source

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/txn"
	"github.com/tablehaul/tablehaul/internal/table"
)

// UpperBoundSpec says for what to choose the upper end of a window.
type UpperBoundSpec struct {
	Table  *schema.Table
	Cursor table.Column
	// MinLag keeps hi at least this far behind the source's clock.
	MinLag time.Duration
	// FixedLag, where it is not 0, replaces the list of open work: for accounts without the PROCESS
	// privilege. Rows of work that stays open longer than this are lost.
	FixedLag time.Duration
	// Zone is the time zone of those who write a DATETIME or DATE cursor, as MySQL names
	// zones ("Europe/Paris", "+02:00"); empty is the source's global time zone.
	Zone string
	// AllowReplica accepts a source that is itself a replica, behind by the lag it reports.
	AllowReplica bool
	// Samples are those of the last UpperBound, for integer cursors.
	Samples []CursorSample
	// Watermark and TailRows are for counting what lies above both Hi and the watermark, up to
	// TailRows rows and one; 0 counts nothing.
	Watermark string
	TailRows  int64
	// Incremental says that the window is to begin at the watermark, Overlap lower: it is then
	// compared with the source's now. Seen is of the run that raised it; nil is not known.
	Incremental bool
	Overlap     time.Duration
	Seen        *Seen
	// ClockBack and ClockUntil are of the last UpperBound, StepBack and ClockUntil, where its ClockUntil
	// was not empty or it had Ahead.
	ClockBack  time.Duration
	ClockUntil string
	// Unit is what an integer cursor counts.
	Unit CursorUnit
}

// CursorSample is a maximum of an integer cursor, and when it was read. When all work older than At has
// ended, no row up to Max is missing.
//
// Of several samples whose work has ended, one is kept: with the latest At and the largest Max.
type CursorSample struct {
	// Column is the cursor; a sample of another one means nothing.
	Column string `json:"column,omitempty"`
	// At is the server's UTC time after Max was read, RFC 3339 with microseconds.
	At string `json:"at"`
	// Max is the cursor's maximum, in its exact text.
	Max string `json:"max"`
}

// BlockerKind is what kind of thing keeps an upper bound low.
type BlockerKind string

// The kinds of blockers.
const (
	BlockerTransaction BlockerKind = "transaction"
	BlockerStatement   BlockerKind = "statement"
	BlockerXA          BlockerKind = "xa"
	BlockerLag         BlockerKind = "lag"
	BlockerReplica     BlockerKind = "replica"
	BlockerClock       BlockerKind = "clock"
)

// Blocker is what keeps an upper bound lowest. It never holds a statement's text.
type Blocker struct {
	Kind BlockerKind `json:"kind"`
	// Thread is the connection's id on the server; 0 for an XA transaction without one.
	Thread uint64 `json:"thread,omitempty"`
	// User and Host are whose connection it is, as the server names them.
	User string `json:"user,omitempty"`
	Host string `json:"host,omitempty"`
	// Table is the table whose lock it has or waits for; empty where it may write any.
	Table string `json:"table,omitempty"`
	// Release says what ends it, as a phrase of a message: "let go by …".
	Release string `json:"release,omitempty"`
	// Seconds is how long it has been open, at most.
	Seconds float64 `json:"seconds"`
	// State is the server's word for what it is doing.
	State string `json:"state,omitempty"`
}

// UpperBound is the upper end of a window, chosen before reading.
type UpperBound struct {
	// Hi is inclusive, in the cursor's exact text. Empty: nothing can be read yet.
	Hi string `json:"hi,omitempty"`
	// Now is the server's clock in the cursor's zone when the choice began.
	Now string `json:"now"`
	// Lag is how far behind Now the source's state is that a target holds which has every row up
	// to Hi. It means nothing where Hi is empty, unless the table is.
	Lag time.Duration `json:"lag,omitempty"`
	// BlockedBy is what keeps Hi low, where that is more than 3 seconds.
	BlockedBy *Blocker `json:"blockedBy,omitempty"`
	// Future counts rows more than a minute beyond now, up to futureLimit. They are read when
	// their time has come. 0 where there is no index to count by.
	Future int64 `json:"future,omitempty"`
	// Samples are to be kept and given back in the next UpperBoundSpec, also where Hi is empty: at most
	// maxSamples, of integer cursors only.
	Samples []CursorSample `json:"samples,omitempty"`
	// Instance is the digest of the server whose clock was read.
	Instance string `json:"instance,omitempty"`
	// Empty says that the table has no row with an integer cursor.
	Empty bool `json:"empty,omitempty"`
	// Clock is Now in the cursor's exact text, rounded down, or the largest value that an integer
	// cursor is known to have had; "" where there is none. No row that was read before is above it.
	Clock string `json:"clock,omitempty"`
	// ZoneOffset is how far the cursor's zone was ahead of UTC, 0 for a TIMESTAMP or an integer.
	ZoneOffset time.Duration `json:"zoneOffset,omitempty"`
	// Tail counts the rows above Hi and the watermark, up to now and up to UpperBoundSpec.TailRows + 1. Where
	// there is no index to count by, it is TailUnknown.
	Tail int64 `json:"tail,omitempty"`
	// Latest is the largest value that a row can have by now, in the cursor's exact text; empty where nothing says so.
	Latest string `json:"latest,omitempty"`
	// Unit is the time between two values of an integer cursor; 0 where that is not known. Ceiling
	// bounds the values of one that are read, inclusive: Future counts the rows above. "" is no bound.
	Unit    time.Duration `json:"unit,omitempty"`
	Ceiling string        `json:"ceiling,omitempty"`
	// Ahead is set where the watermark lies above Latest.
	Ahead *Ahead `json:"ahead,omitempty"`
	// Newest is the largest value of a temporal cursor up to now, empty where no index finds it.
	Newest string `json:"newest,omitempty"`
	// Worker is this process's clock at Now, and StepBack by how much the source's clock went back
	// since the run that Seen is of, at most.
	Worker   time.Time     `json:"worker,omitzero"`
	StepBack time.Duration `json:"stepBack,omitempty"`
	// Lowest is below all values that rows can have got since the clock went back; "" where it did
	// not. ClockUntil is set while transactions may be open that are older than the step: Hi is not
	// above Lowest then, however low that is. They have ended when a window can end at ClockUntil.
	Lowest     string   `json:"lowest,omitempty"`
	ClockUntil string   `json:"clockUntil,omitempty"`
	Warnings   []string `json:"warnings,omitempty"`
}

// noProcess is what an account without PROCESS lacks.
const noProcess = "the account cannot see open transactions"

var (
	// ErrNeedsProcess is returned by ChooseUpperBound for an account that cannot see other
	// connections' transactions, where no fixed lag is set.
	ErrNeedsProcess = errors.New(noProcess + ": GRANT PROCESS ON *.* to it," +
		" or set the table's fixedLag to longer than any transaction lasts")
	// ErrReplica is returned by ChooseUpperBound for a source that is a replica, without opt-in.
	ErrReplica = errors.New("the source is a replica: read from the primary, or set allowReplica with an overlap" +
		" longer than the primary's longest transaction")
)

// TailUnknown is UpperBound.Tail where counting would read the whole table.
const TailUnknown = -1

const (
	// momentary is the age below which open work is not worth naming.
	momentary = 3 * time.Second
	// futureLimit bounds what counting rows of the future may cost.
	futureLimit = 1000
)

// ChooseUpperBound chooses the upper end of the next window so that no row which is being written
// now can later appear at or below it. docs/reliability.md has the faults that it has to survive.
//
// It opens no transaction that outlives the call and takes between 0.2 and about 3 seconds, and up to topTime more for
// an integer cursor without an index.
func (s *Source) ChooseUpperBound(ctx context.Context, spec UpperBoundSpec) (UpperBound, error) {
	h, err := s.chooseUpperBound(ctx, spec)
	if err != nil {
		return UpperBound{}, fmt.Errorf("choose the end of the window of %s: %w", spec.Table.Name, mysqlerr.Safe(err))
	}
	return h, nil
}

func (s *Source) chooseUpperBound(ctx context.Context, spec UpperBoundSpec) (UpperBound, error) {
	if !spec.Cursor.Kind.IsCursor() {
		return UpperBound{}, fmt.Errorf("cursor %s: %w", spec.Cursor.Name, table.ErrCursorType)
	}
	replica, err := s.replica(ctx, spec)
	if err != nil {
		return UpperBound{}, err
	}
	if spec.Cursor.Kind.IsInteger() {
		return s.chooseInteger(ctx, spec, replica)
	}
	return s.chooseTemporal(ctx, spec, replica)
}

// withDedicatedConn runs f on one connection, whose time zone f may change. The connection is closed where f fails, and
// where its zone cannot be set back.
func (s *Source) withDedicatedConn(ctx context.Context, f func(*sql.Conn) error) error {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	// An error of Close means that the pool has dropped the connection already.
	if err := f(conn); err != nil {
		txn.Drop(conn)
		_ = conn.Close()
		return err
	}
	restore := func() {
		txn.Restore(ctx, conn, "SET time_zone = '+00:00'")
		_ = conn.Close()
	}
	if s.db.IsFar() {
		go restore() // no one waits for it
	} else {
		restore()
	}
	return nil
}

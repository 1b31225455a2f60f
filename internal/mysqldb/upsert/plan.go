package upsert

import (
	"fmt"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// defaultBatchRows is where throughput is flat (from 200 rows on, within noise, on both servers),
	// while a single statement still takes milliseconds.
	defaultBatchRows = 400
	// defaultBatchBytes keeps the memory that a statement takes on both sides small.
	defaultBatchBytes = 4 << 20
	// packetMargin is what a packet holds beside the statement's text.
	packetMargin = 64
)

// plan is everything about a chunk's statements that does not depend on its rows.
type plan struct {
	target    *schema.Table
	columns   []table.Column     // of the rows
	targets   []*schema.Column   // the same columns on the target
	appenders []sqltext.Appender // for comparisons
	assigners []sqltext.Appender // for values that a statement assigns
	key       []int              // positions of the primary key's columns in a row, in key order
	apart     bool               // keys are compared column by column: see listRows
	cursor    int                // position of the cursor, or -1
	enums     []int              // positions of columns that are an ENUM on both sides
	unsettled table.Unsettled
	// tombstone is the target's column that marks deleted rows, "" for none, and readAt Tombstone.ReadAt as SQL.
	tombstone, readAt string
	uniques           []schema.Index // the target's unique keys beside the primary key

	head, tail []byte // of an INSERT: before its first row, and after its last
	load       string // the rest of a LOAD DATA LOCAL statement; "" where the rows cannot go that way

	skipForeignKeyChecks bool
	deleteConflicts      bool
	overwrite            bool
	keepExisting         bool
	inOrder              bool
	expect               *expectation // nil for none

	maxRows  int   // of one statement
	maxBytes int64 // of a statement with more than one row
	packet   int64 // of any statement
}

func newPlan(server mysqldb.Server, spec Spec) (*plan, error) {
	p := &plan{
		target: spec.Target, columns: spec.Columns, cursor: -1, unsettled: spec.Unsettled, overwrite: spec.Overwrite,
		keepExisting: spec.KeepExisting, inOrder: spec.InOrder,
	}
	if err := p.matchColumns(spec); err != nil {
		return nil, err
	}
	if err := p.findKey(spec); err != nil {
		return nil, err
	}
	if _, err := p.unsettledCondition("", ""); err != nil {
		return nil, fmt.Errorf("the bounds of the window: %w", err)
	}
	for _, index := range spec.Target.Indexes {
		if index.Unique && index.Name != spec.Target.KeyName() {
			p.uniques = append(p.uniques, index)
		}
	}
	switch spec.Conflicts {
	case "", FailOnConflict:
	case DeleteConflicts:
		p.deleteConflicts = len(p.uniques) > 0 && !p.keepExisting
	default:
		return nil, mysqlerr.Refuse("", fmt.Sprintf("unknown policy %q for unique conflicts", spec.Conflicts),
			"use fail or replace")
	}
	p.skipForeignKeyChecks = spec.RefersToItself && !p.deleteConflicts &&
		len(spec.Target.SelfReferences) == len(spec.Target.ForeignKeys)
	if err := p.setTombstone(spec.Tombstone); err != nil {
		return nil, err
	}
	if err := p.setExpectation(server, spec.Expect); err != nil {
		return nil, err
	}
	p.setLimits(server, spec)
	p.writeStatement(server)
	if spec.BulkLoad && spec.Expect == nil {
		p.load = p.loadStatement(server)
	}
	return p, nil
}

// matchColumns finds the target's column for each column of the rows.
func (p *plan) matchColumns(spec Spec) error {
	for i, from := range spec.Columns {
		to := spec.Target.Column(from.Name)
		if to == nil || to.Generated {
			return mysqlerr.Refuse(from.Name, fmt.Sprintf("the target %s has no column that takes it",
				spec.Target.Name),
				"plan the run again, so that the target gets the column")
		}
		app, err := sqltext.NewAppender(from, to.Column)
		if err != nil {
			return mysqlerr.Refuse(from.Name, err.Error(), "leave the column out")
		}
		p.targets = append(p.targets, to)
		p.appenders = append(p.appenders, app)
		p.assigners = append(p.assigners, sqltext.AssignAppender(from, to.Column, app))
		if from.Kind == table.KindEnum && to.Kind == table.KindEnum {
			p.enums = append(p.enums, i)
		}
		if table.SameColumn(from.Name, spec.Cursor) {
			p.cursor = i
		}
	}
	if spec.Cursor != "" && p.cursor < 0 {
		return mysqlerr.Refuse(spec.Cursor, "the cursor is not among the columns of the rows",
			"choose a column that the table has")
	}
	return nil
}

func (p *plan) findKey(spec Spec) error {
	if len(spec.Target.PrimaryKey) == 0 {
		return mysqlerr.Refuse("", fmt.Sprintf("the target %s has no primary key", spec.Target.Name),
			"give it the source's primary key")
	}
	for _, name := range spec.Target.PrimaryKey {
		at := p.position(name)
		if at < 0 {
			return mysqlerr.Refuse(name, fmt.Sprintf(
				"the primary key of the target %s has a column that the source does not have", spec.Target.Name),
				"give the target the source's primary key")
		}
		p.key = append(p.key, at)
		p.apart = p.apart || sqltext.ComparesByNumber(p.targets[at].Kind)
	}
	return nil
}

// position is the position of a column in the rows, by its name; -1 where they do not have it.
func (p *plan) position(name string) int {
	return slices.IndexFunc(p.targets, func(c *schema.Column) bool { return table.SameColumn(c.Name, name) })
}

func (p *plan) setLimits(server mysqldb.Server, spec Spec) {
	p.packet = server.MaxAllowedPacket - packetMargin
	if server.MaxAllowedPacket == 0 {
		p.packet = defaultBatchBytes // every server allows that much by default
	}
	p.maxRows, p.maxBytes = spec.MaxBatchRows, spec.MaxBatchBytes
	if p.maxRows <= 0 {
		p.maxRows = defaultBatchRows
	}
	if p.maxBytes <= 0 {
		p.maxBytes = defaultBatchBytes
	}
	p.maxBytes = min(p.maxBytes, p.packet)
}

// farBatchRows are what a batch has at most on a distant server; its time is then about that of some round trips.
const farBatchRows = 10_000

// stretch gives batches more rows where the server is far away, so that they are not mostly on their way. Batches that
// the caller has bounded, or that have been halved, stay as they are.
func (p *plan) stretch(latency time.Duration) {
	if p.maxRows == defaultBatchRows && latency >= mysqldb.FarRoundTrip {
		p.maxRows = min(defaultBatchRows+1000*int(latency/mysqldb.FarRoundTrip), farBatchRows)
	}
}

// halve makes batches smaller; false where they are as small as they can be.
func (p *plan) halve() bool {
	if p.maxRows == 1 {
		return false
	}
	p.maxRows = (p.maxRows + 1) / 2
	p.maxBytes = max(p.maxBytes/2, 1)
	return true
}

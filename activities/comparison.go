package activities

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// openedComparison is one range of a comparison, with both sides.
type openedComparison struct {
	a        *Activities
	r        *openedRange
	c        *comparison
	src, dst comparedSide
	out      CompareRangeResult
	// next is where the slice of a sample has ended; nil at the end of the table.
	next *table.Position
	// pageRows are what the next pages of both sides should have.
	pageRows [2]int
	rows     atomic.Int64
	waiting  atomic.Value
	// aside are keys in quarantine, by their Bytes; nil before they were read.
	aside map[string]bool
	// holder is nil where the comparison needs no lease.
	holder *sliceHolder
}

// comparedSide is a side and the table there.
type comparedSide struct {
	db    mysqldb.Reader
	table *schema.Table
	side  verify.Side
	// key names the key's columns in the order of the comparison.
	key []string
	at  where
	// instance is the digest of the server that every statement must reach.
	instance string
}

func (a *Activities) openComparison(ctx context.Context, in RangeInput) (*openedComparison, error) {
	r, err := a.openRange(ctx, in)
	if err != nil {
		return nil, translate(ctx, err, where{doing: "open the plan of " + in.Table})
	}
	c := &openedComparison{a: a, r: r, c: r.plan.Comparison}
	c.waiting.Store("")
	if c.c == nil {
		return nil, invalidInput("the plan of "+in.Run+" is none of a comparison", "")
	}
	if err := c.c.Layout.Prepare(); err != nil {
		return nil, failure.New(failure.UnsupportedTable, err.Error(), "")
	}
	s := r.plan.Settings
	if s.Cursor == "" {
		c.holder = a.sliceHolder(ctx, in.Table, s, c.say)
	}
	c.src = comparedSide{side: verify.Source, at: where{s.SourceConnection, "compare " + s.Table.String()}}
	c.dst = comparedSide{side: verify.Target, at: where{s.TargetConnection, "compare " + s.Target.String()}}
	if !c.ofFiles() {
		if c.src.db, err = a.deps.Source(ctx, s.SourceConnection); err != nil {
			return nil, translate(ctx, err, c.src.at)
		}
	}
	dst, err := a.deps.Target(ctx, s.TargetConnection)
	if err != nil {
		return nil, translate(ctx, err, c.dst.at)
	}
	c.dst.db = dst.DB
	c.src.instance, c.dst.instance = c.c.SourceInstance, c.c.TargetInstance
	c.src.key, c.dst.key = c.c.Layout.KeyNames(verify.Source), c.c.Layout.KeyNames(verify.Target)
	for side, name := range map[*comparedSide]table.Name{&c.src: s.Table, &c.dst: s.Target} {
		if side.db == nil {
			continue
		}
		if side.table, err = a.schemas.TableOfRun(ctx, side.db, name, in.PlanSum); err != nil {
			return nil, translate(ctx, err, side.at)
		}
		if side == &c.src {
			if side.table, err = a.mapped(&r.plan, side.table); err != nil {
				return nil, err
			}
			side.table = onTarget(side.table, side.key)
		} else if side.table, err = s.ownRows(side.table, side.key); err != nil {
			return nil, translate(ctx, err, side.at)
		}
		for _, col := range c.c.Layout.ColumnsOf(side.side) {
			now := side.table.Column(col.Name)
			if now == nil || now.Type != col.Type || now.Charset != col.Charset || now.Collation != col.Collation ||
				madeOtherwise(col.MadeBy, now.Column) {
				return nil, c.alteredSincePlan(name)
			}
		}
	}
	if c.c.SameOrder && !scan.SameKeyOrder(c.src.table, c.dst.table) {
		return nil, c.alteredSincePlan(s.Table)
	}
	return c, nil
}

// alteredSincePlan is alteredSincePlan of a structure that may be known by an earlier plan, which was the same byte for
// byte: the next step asks the servers again.
func (c *openedComparison) alteredSincePlan(name table.Name) error {
	c.a.schemas.Forget(c.src.db, c.r.plan.Settings.Table)
	c.a.schemas.Forget(c.dst.db, c.r.plan.Settings.Target)
	return alteredSincePlan(name)
}

// ofFiles says that the source is files.
func (c *openedComparison) ofFiles() bool { return c.r.plan.Settings.Files != nil }

func alteredSincePlan(name table.Name) error {
	return failure.New(
		failure.TableChanged, name.String()+" was altered after this comparison was planned", "start it again",
	)
}

func (c *openedComparison) progress() any {
	return compareProgress{Rows: c.rows.Load(), Waiting: c.waiting.Load().(string)}
}

// countRows counts rows for those who watch: those of the source, once. What is looked up there for keys of the target
// has been counted where the source's own keys were read.
func (c *openedComparison) countRows(s comparedSide, rows *table.Rows) {
	if s.side == verify.Source && c.r.in.Range < c.c.SourceRanges {
		c.rows.Add(int64(rows.Len()))
	}
}

func (c *openedComparison) say(reason string) { c.waiting.Store(reason) }

// slice calls f, which reads both sides until about a moment. A table without a cursor has no row that runs leave
// alone: f holds its lease.
func (c *openedComparison) slice(ctx context.Context, f func(until time.Time) error) error {
	if c.holder == nil {
		return f(time.Now())
	}
	return c.holder.hold(ctx, f)
}

// altered reports whether a table is another one than when the comparison was opened.
func (c *openedComparison) altered(ctx context.Context) bool {
	src := c.alteredSide(ctx, c.src)
	return c.alteredSide(ctx, c.dst) || src
}

// alteredSide is altered of one side. The comparison that is opened next reads the structure again.
func (c *openedComparison) alteredSide(ctx context.Context, s comparedSide) bool {
	if s.db == nil {
		return false
	}
	was, now := s.table.CreateSQL, schema.ShowCreate(ctx, s.db, s.table.Name)
	if was == "" || now == "" || now == was {
		return false
	}
	c.a.schemas.Forget(s.db, s.table.Name)
	return true
}

// sameSource fails where the source was altered since the comparison was opened: rows that a step has read there may
// have another form. The step's next attempt opens the comparison again, which fails with TableChanged where a compared
// column is another one.
func (c *openedComparison) sameSource(ctx context.Context) error {
	if c.alteredSide(ctx, c.src) {
		return translate(ctx, errAltered, c.src.at)
	}
	return nil
}

const (
	// comparedRows and comparedBytes bound pages below the table's own limits. A comparison keeps keys and fingerprints
	// only: longer pages would take memory, and other clients' time, for nothing.
	comparedRows  = 2_000
	comparedBytes = 1 << 20
	// comparedRest makes a comparison use at most half of a processor of a server that other clients use.
	comparedRest = 1
)

// read reads rows of one side by key until take returns scan.ErrStop or about total rows were read, 0 for all, and
// returns where the rest begins.
func (c *openedComparison) read(
	ctx context.Context,
	s comparedSide,
	keys scan.KeyRange,
	start *table.Position,
	total int,
	take func(*table.Rows) error,
) (*table.Position, error) {
	set := c.r.plan.Settings
	limits := scan.PageLimits{
		Rows: cmp.Or(c.pageRows[s.side], min(comparedRows, set.PageRows)), MaxTime: set.PageTime,
		MaxBytes: min(comparedBytes, int(set.PageBytes)), TotalRows: total, Rest: comparedRest,
	}
	if c.c.Sample != nil {
		limits.MaxRows = c.c.Sample.pageRows(c.r.in.Range)
		limits.Rows = min(limits.Rows, limits.MaxRows)
	}
	if err := c.wait(ctx, s); err != nil {
		return nil, err
	}
	spec := scan.ReadSpec{
		Table: s.table, Columns: c.c.Layout.ColumnsOf(s.side), ByKey: true, Keys: &keys, Start: start,
		Instance: s.instance,
		Limits:   limits,
	}
	if l := c.c.Layout; l.Since != "" {
		spec.ByKey, spec.Keys, spec.Cursor = false, nil, l.ColumnsOf(s.side)[l.Cursor].Name
		spec.Window = table.Window{Lo: l.Since, Hi: l.AsOf}
	}
	stats, err := scan.ReadPages(ctx, s.db, spec, func(rows *table.Rows) error {
		c.countRows(s, rows)
		if err := take(c.c.Layout.Live(s.side, rows)); err != nil {
			return err
		}
		return c.wait(ctx, s)
	})
	c.out.LongestPage = max(c.out.LongestPage, stats.Longest.Seconds)
	c.out.Rested += stats.Rested.Seconds()
	c.pageRows[s.side] = stats.PageRows
	return stats.Next, translate(ctx, err, s.at)
}

// lookUp reads rows of one side by their keys.
func (c *openedComparison) lookUp(
	ctx context.Context,
	s comparedSide,
	keys []table.Texts,
	take func(*table.Rows) error,
) error {
	return eachRow(ctx, s, c.c.Layout.ColumnsOf(s.side), keys, func(rows *table.Rows) error {
		c.countRows(s, rows)
		if err := take(c.c.Layout.Live(s.side, rows)); err != nil {
			return err
		}
		return c.wait(ctx, s)
	})
}

// eachRow reads rows of one side by their keys. An error of f is returned as it is.
func eachRow(
	ctx context.Context, s comparedSide, columns []table.Column, keys []table.Texts, f func(*table.Rows) error,
) error {
	spec := scan.KeysSpec{Table: s.table, Columns: columns, Key: s.key, Keys: keys, Instance: s.instance}
	return translate(ctx, scan.ReadKeys(ctx, s.db, spec, f), s.at)
}

// wait waits until the table's limits let the side be used.
func (c *openedComparison) wait(ctx context.Context, s comparedSide) error {
	if c.holder != nil {
		return nil // it has waited before the slice
	}
	return c.a.waitOut(ctx, s.db, c.r.plan.Settings, c.say)
}

// writeKeys stages keys.
func writeKeys(ctx context.Context, parts *partWriter, keys []table.Texts) error {
	if len(keys) == 0 {
		return nil
	}
	rows := table.NewRows(len(keys[0]))
	for _, key := range keys {
		for _, v := range key {
			rows.Append([]byte(v))
		}
	}
	return parts.write(ctx, rows)
}

// sameServers fails where a connection leads to another server than when the plan began.
func (p *planDraft) sameServers(ctx context.Context, target mysqldb.Instance) error {
	switch {
	case p.src.Instance() != p.instance:
		return translate(ctx, mysqldb.ErrOtherServer, sourceAt(p.settings))
	case p.dst.DB.Instance() != target:
		return translate(ctx, mysqldb.ErrOtherServer, targetAt(p.settings))
	}
	return nil
}

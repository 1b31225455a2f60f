package source

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// CheckSpec is how a source table is going to be read.
type CheckSpec struct {
	// Cursor is empty for a table that is read whole by every run.
	Cursor string
	// Overlap is how far below the watermark a run reads again.
	Overlap time.Duration
	// WholeByMode says that every run reads the table whole, with a cursor as well (write: replace).
	WholeByMode bool
	// FixedLag, AllowReplica and Zone are as in UpperBoundSpec.
	FixedLag     time.Duration
	AllowReplica bool
	Zone         string
}

// Check finds everything about a source table that would lose rows, or that its owner should know. It
// reads no more than one row, and an unindexed nullable cursor for up to ten seconds.
func (s *Source) Check(ctx context.Context, t *schema.Table, check CheckSpec) ([]table.Finding, error) {
	f := &findings{table: t.Name}
	f.aboutKey(t)
	f.aboutColumns(t, check.Cursor)
	f.aboutTable(t, check)
	if readable, err := s.checkReadable(ctx, f, t); err != nil || !readable {
		return f.list, err // what comes next reads the table
	}
	type step func(context.Context, *findings, *schema.Table, CheckSpec) error
	steps := []step{s.checkCursor, s.checkZone, s.checkServer}
	found, ask := make([]findings, len(steps)), make([]func() error, len(steps))
	for i, step := range steps {
		found[i].table = t.Name
		ask[i] = func() error { return step(ctx, &found[i], t, check) }
	}
	if err := s.db.Together(ask...); err != nil {
		return nil, fmt.Errorf("check the source %s: %w", t.Name, mysqlerr.Safe(err))
	}
	for _, more := range found {
		f.list = append(f.list, more.list...)
	}
	return f.list, nil
}

// findings are those of one table.
type findings struct {
	table table.Name
	list  table.Findings
}

// add adds a finding; column, topic and remedy may be empty.
func (f *findings) add(level table.Level, column string, topic table.Topic, text, remedy string) {
	f.list.Add(f.table, table.Finding{Level: level, Column: column, Topic: topic, Text: text, Remedy: remedy})
}

func (f *findings) aboutKey(t *schema.Table) {
	if len(t.PrimaryKey) == 0 {
		f.list = append(f.list, schema.NoKeyFinding(t))
		return
	}
	for _, c := range t.Key().Columns {
		if c.Prefix > 0 {
			f.add(table.LevelWarn, c.Column, table.TopicKey, fmt.Sprintf("the key has only the beginning of "+
				"column %s: the server sorts for every page", c.Column), "")
		}
	}
}

// sizeText is the server's estimate of a table's size, as text.
func sizeText(t *schema.Table) string {
	if t.Bytes < 1<<20 {
		return "less than 1 MiB"
	}
	return fmt.Sprintf("about %s, %d MiB", human.Count(t.RowsEstimate, "row"), t.Bytes>>20)
}

func (f *findings) aboutColumns(t *schema.Table, cursor string) {
	var generated, documents []string
	for _, c := range t.Columns {
		switch {
		case c.Generated && c.Name != cursor:
			generated = append(generated, c.Name)
		case c.Kind == table.KindJSON:
			documents = append(documents, c.Name)
		case c.Kind == table.KindUnsupported:
			f.add(table.LevelRefuse, c.Name, "", fmt.Sprintf("column %s has the type %s, which cannot be carried "+
				"exactly", c.Name, c.Type), "change its type, or leave the table out")
		}
	}
	if len(documents) > 0 {
		f.add(table.LevelInfo, "", "", fmt.Sprintf("JSON arrives as it prints: dates, times and bytes that functions "+
			"have put into a document become strings of the same text: %s", strings.Join(documents, ", ")), "")
	}
	if len(generated) > 0 {
		f.add(table.LevelInfo, "", table.TopicGenerated,
			fmt.Sprintf("generated columns are computed by the target: %s", strings.Join(generated, ", ")), "")
	}
}

func (f *findings) aboutTable(t *schema.Table, check CheckSpec) {
	if !strings.EqualFold(t.Engine, "InnoDB") {
		remedy := "ALTER TABLE " + sqltext.Qualified(t.Name) + " ENGINE=InnoDB"
		if check.Cursor != "" && check.FixedLag == 0 {
			f.add(table.LevelRefuse, "", "", fmt.Sprintf("engine %s has no transactions that the server shows: a "+
				"window cannot end before a statement that still writes", t.Engine), remedy+
				", or set fixedLag to longer than any statement lasts")
		} else {
			f.add(table.LevelWarn, "", "", fmt.Sprintf("engine %s has no transactions: a statement that is cut off "+
				"leaves half of its rows", t.Engine), remedy)
		}
	}
	if len(t.Cascades) > 0 {
		f.add(table.LevelWarn, "", table.TopicCascade, fmt.Sprintf("foreign keys change rows without touching a "+
			"cursor: %s", strings.Join(t.Cascades, ", ")), "let a comparison of both sides find such rows")
	}
}

// largeTable is the size in bytes from which reading all of a table in every run is a warning.
const largeTable = 64 << 20

func (s *Source) checkCursor(ctx context.Context, f *findings, t *schema.Table, check CheckSpec) error {
	name := check.Cursor
	size := sizeText(t)
	if name == "" {
		if check.WholeByMode {
			return nil
		}
		level := table.LevelWarn
		if t.Bytes < largeTable {
			level = table.LevelInfo // it costs little, and a warning that needs no one hides the others
		}
		f.add(level, "", table.TopicCursor,
			fmt.Sprintf("no cursor: every run reads the whole table, %s", size), "set a cursor column")
		return nil
	}
	c := t.Column(name)
	switch {
	case c == nil:
		f.add(table.LevelRefuse, name, table.TopicCursor, fmt.Sprintf("there is no column %s for a cursor", name),
			candidates(t))
		return nil
	case !c.Kind.IsCursor():
		f.add(table.LevelRefuse, name, table.TopicCursor,
			fmt.Sprintf("column %s has the type %s: %s", name, c.Type, table.ErrCursorType), candidates(t))
		return nil
	case !changesWithRow(t, c):
		f.add(table.LevelRefuse, name, table.TopicCursor, fmt.Sprintf("column %s is computed when it is read, so that "+
			"its value may change without a change of the row", name), "make it STORED, or give it an index; "+
			candidates(t))
		return nil
	}
	f.aboutUsableCursor(t, c, check.Overlap)
	return s.checkUnreadable(ctx, f, t, c)
}

// aboutUsableCursor adds what a run by this cursor costs, and which changes it does not see.
func (f *findings) aboutUsableCursor(t *schema.Table, c *schema.Column, overlap time.Duration) {
	name := c.Name
	if schema.CursorIndex(t, name) == "" {
		f.add(table.LevelWarn, name, table.TopicCursor,
			fmt.Sprintf("no index begins with the cursor %s: every run looks at every row, %s", name, sizeText(t)),
			schema.AddIndexSQL(t, name))
	}
	switch {
	case c.Kind.IsInteger():
		f.add(table.LevelInfo, name, table.TopicCursor, fmt.Sprintf("an integer cursor finds rows with a larger %s "+
			"only: changes of older rows need the application to raise it", name), "")
	case c.IsComputed():
		f.aboutComputed(c, overlap)
	case c.OnUpdate == "":
		f.add(table.LevelInfo, name, table.TopicCursor,
			fmt.Sprintf("the server does not change %s when a row changes: the application has to", name), "")
	}
	if moves := !c.Kind.IsInteger() ||
		len(t.PrimaryKey) > 1; moves && slices.Contains(t.PrimaryKey, c.Name) &&
		!c.AutoIncrement {
		f.add(table.LevelWarn, name, table.TopicCursor, fmt.Sprintf("the cursor %s is part of the primary key: a row "+
			"whose %s changes is a new row on the target, and its old version stays there", name, name),
			"take the cursor out of the primary key, or choose another column")
	}
}

// candidates names columns that could be a cursor, those with an index first.
func candidates(t *schema.Table) string {
	var indexed, others []string
	for _, c := range t.Columns {
		if !c.Kind.IsCursor() || !changesWithRow(t, &c) {
			continue
		}
		if schema.CursorIndex(t, c.Name) != "" {
			indexed = append(indexed, c.Name)
		} else {
			others = append(others, c.Name)
		}
	}
	all := slices.Concat(indexed, others)
	if len(all) == 0 {
		return "the table has no column that could be one: leave the cursor out, and every run reads the whole table"
	}
	return "possible columns are " + strings.Join(all, ", ")
}

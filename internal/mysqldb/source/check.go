package source

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

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
	// FixedLag, AllowReplica and Zone are as in UpperBoundSpec.
	FixedLag     time.Duration
	AllowReplica bool
	Zone         string
}

// Check looks for everything about a source table that would lose rows or surprise its
// owner. It reads no more than one row, and an unindexed nullable cursor for up to ten seconds.
func (s *Source) Check(ctx context.Context, t *schema.Table, check CheckSpec) ([]table.Finding, error) {
	f := &findings{table: t.Name.String()}
	f.aboutKey(t)
	f.aboutColumns(t, check.Cursor)
	f.aboutTable(t, check)
	if readable, err := s.checkReadable(ctx, f, t); err != nil || !readable {
		return f.list, err // what comes next reads the table
	}
	for _, step := range []func(context.Context, *findings, *schema.Table, CheckSpec) error{s.checkCursor, s.checkZone, s.checkServer} {
		if err := step(ctx, f, t, check); err != nil {
			return nil, fmt.Errorf("check the source %s: %w", t.Name, mysqlerr.Safe(err))
		}
	}
	return f.list, nil
}

type findings struct {
	table string
	list  []table.Finding
}

// add returns the finding, which may be given its topic before the next one is added.
func (f *findings) add(level table.Level, column, remedy, text string, args ...any) *table.Finding {
	f.list = append(f.list, table.Finding{Level: level, Table: f.table, Column: column, Text: fmt.Sprintf(text, args...), Remedy: remedy})
	return &f.list[len(f.list)-1]
}

func (f *findings) aboutKey(t *schema.Table) {
	if len(t.PrimaryKey) == 0 {
		f.list = append(f.list, schema.NoPrimaryKeyFinding(t))
		return
	}
	for _, c := range schema.IndexNamed(t, "PRIMARY").Columns {
		if c.Prefix > 0 {
			f.add(table.LevelWarn, c.Column, "", "the primary key has only the beginning of column %s: the server sorts for every page", c.Column).Topic = table.TopicKey
		}
	}
}

// sizeText is the server's guess of a table's size, for people.
func sizeText(t *schema.Table) string {
	if t.Bytes < 1<<20 {
		return "less than 1 MiB"
	}
	return fmt.Sprintf("about %d rows, %d MiB", t.RowsEstimate, t.Bytes>>20)
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
			f.add(table.LevelRefuse, c.Name, "change its type, or leave the table out", "column %s has the type %s, which cannot be carried exactly", c.Name, c.Type)
		}
	}
	if len(documents) > 0 {
		f.add(table.LevelInfo, "", "", "JSON arrives as it prints: dates, times and bytes that functions have put into a document become strings of the same text: %s",
			strings.Join(documents, ", "))
	}
	if len(generated) > 0 {
		f.add(table.LevelInfo, "", "", "generated columns are computed by the target: %s", strings.Join(generated, ", ")).Topic = table.TopicGenerated
	}
}

func (f *findings) aboutTable(t *schema.Table, check CheckSpec) {
	if !strings.EqualFold(t.Engine, "InnoDB") {
		remedy := "ALTER TABLE " + sqltext.Qualified(t.Name) + " ENGINE=InnoDB"
		if check.Cursor != "" && check.FixedLag == 0 {
			f.add(table.LevelRefuse, "", remedy+", or set fixedLag to longer than any statement lasts",
				"engine %s has no transactions that the server shows: a window cannot end before a statement that still writes", t.Engine)
		} else {
			f.add(table.LevelWarn, "", remedy, "engine %s has no transactions: a statement that is cut off leaves half of its rows", t.Engine)
		}
	}
	if len(t.Cascades) > 0 {
		f.add(table.LevelWarn, "", "let a comparison of both sides find such rows",
			"foreign keys change rows without touching a cursor: %s", strings.Join(t.Cascades, ", ")).Topic = table.TopicCascade
	}
}

func (s *Source) checkCursor(ctx context.Context, f *findings, t *schema.Table, check CheckSpec) error {
	name := check.Cursor
	size := sizeText(t)
	if name == "" {
		f.add(table.LevelWarn, "", "set a cursor column", "no cursor: every run reads the whole table, %s", size).Topic = table.TopicCursor
		return nil
	}
	c := t.Column(name)
	switch {
	case c == nil:
		f.add(table.LevelRefuse, name, candidates(t), "there is no column %s for a cursor", name).Topic = table.TopicCursor
		return nil
	case !c.Kind.IsCursor():
		f.add(table.LevelRefuse, name, candidates(t), "column %s has the type %s: %s", name, c.Type, table.ErrCursorType).Topic = table.TopicCursor
		return nil
	case !changesWithRow(t, c):
		f.add(table.LevelRefuse, name, "make it STORED, or give it an index; "+candidates(t),
			"column %s is computed when it is read, so that its value may change without a change of the row", name).Topic = table.TopicCursor
		return nil
	}
	if schema.CursorIndex(t, name) == "" {
		f.add(table.LevelWarn, name, "ALTER TABLE "+sqltext.Qualified(t.Name)+" ADD INDEX ("+sqltext.Ident(name)+")",
			"no index begins with the cursor %s: every run looks at every row, %s", name, size).Topic = table.TopicCursor
	}
	switch {
	case c.Kind.IsInteger():
		f.add(table.LevelInfo, name, "", "an integer cursor finds rows with a larger %s only: changes of older rows need the application to raise it", name).Topic = table.TopicCursor
	case c.IsComputed():
		f.aboutComputed(c, check.Overlap)
	case c.OnUpdate == "":
		f.add(table.LevelInfo, name, "", "the server does not change %s when a row changes: the application has to", name).Topic = table.TopicCursor
	}
	if moves := !c.Kind.IsInteger() || len(t.PrimaryKey) > 1; moves && slices.Contains(t.PrimaryKey, c.Name) && !c.AutoIncrement {
		f.add(table.LevelWarn, name, "take the cursor out of the primary key, or choose another column",
			"the cursor %s is part of the primary key: a row whose %s changes is a new row on the target, and its old version stays there", name, name).Topic = table.TopicCursor
	}
	return s.checkUnreadable(ctx, f, t, c)
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

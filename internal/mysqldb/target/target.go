package target

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Target is a server that tables are written to.
type Target struct{ *mysqldb.DB }

// New makes a Target of a pool with the role of one.
func New(db *mysqldb.DB) *Target { return &Target{db} }

// Options says what may be done to a target before rows are written.
type Options struct {
	// Create allows CREATE TABLE, and CREATE DATABASE where the login may, for what is missing.
	Create bool
	// Contract says how the target follows changes of the source's structure.
	Contract table.Contract
	// Cursor is the column by which newer rows are known; "" for none.
	Cursor string
	// Mapped says that the source does not give all of its columns, or gives them other names.
	Mapped bool
	// Watermark is the cursor's value up to which rows were written, in the text of its kind. With
	// it, only rows up to there count as old where a column is added; "" makes all rows old.
	Watermark string
	// Rewrites says that the run writes every row of the source: what rows hold in an added column
	// until then does not matter.
	Rewrites bool
	// Beside says that what is altered is a table beside the target, which has no rows yet and takes its place.
	Beside bool
	// Whole says that each run loads all rows into the target. Nothing keeps what a load that was cut off has left out,
	// so that a target which is created has all indexes at once.
	Whole bool
	// Replace says that rows are written with ConflictsReplace.
	Replace bool
	// SoftColumn is the column that marks rows which the source has deleted; "" for none.
	SoftColumn string
	// Had are columns that the source has had, by their names on the target: Contract.Dropped is of them.
	Had []string
	// DeferIndexes says whether indexes that the rows do not need are left to AddIndexes. HasReplicas says that
	// replicas of the target are looked after.
	DeferIndexes table.IndexTiming
	HasReplicas  bool
	// BulkLoad says that new rows are sent as files where the server takes them.
	BulkLoad bool
	// Look is what LookAt has found of the target, a moment ago; nil looks now.
	Look func() (*Look, error)
}

// privileges are what writing rows takes.
func (o Options) privileges() []string {
	list := []string{"SELECT", "INSERT", "UPDATE"}
	if o.Replace {
		list = append(list, "DELETE")
	}
	return list
}

// Diff is what has to be done to a target and what is to be said of it. Nothing may be
// applied or written while a finding is LevelRefuse.
type Diff struct {
	Name table.Name
	// Statements are DDL, in order; none where the target is as it should be.
	Statements []string
	Findings   table.Findings
	// Columns are the source's columns whose values travel, in table order.
	Columns []table.Column
	// Create says that the table does not exist yet.
	Create bool
	// RefersToItself says that the target refers to itself by foreign keys, and that rows may be
	// written without checking them, as UpsertSpec.RefersToItself wants it.
	RefersToItself bool
	// Deferred are the source's indexes that the target is created without, or that one which is there lacks. Of the
	// latter they mean something only where the same first load has created it.
	Deferred []DeferredIndex

	from, to mysqldb.Server
	narrow   []narrowColumn
	// carried are the source's generated columns that are plain ones on the target.
	carried []string
	// ignored are the source's columns that the target lacks and does not get.
	ignored []string
	// computed are generated columns on both sides whose expressions read differently.
	computed []computed
}

// Refused reports whether a finding forbids writing to the target.
func (p Diff) Refused() bool { return p.Findings.Refused() }

// addFinding adds a finding and returns it, so that the caller can set its topic.
func (p *Diff) addFinding(level table.Level, column, text, remedy string) *table.Finding {
	one := table.Finding{Level: level, Column: column, Text: columnText(column, text), Remedy: remedy}
	return p.Findings.Add(p.Name, one)
}

// columnText makes a sentence of a column and what is to be said of it.
func columnText(column, text string) string {
	switch {
	case column == "":
		return text
	case strings.HasPrefix(text, "is ") || strings.HasPrefix(text, "has "):
		return "column " + column + " " + text
	}
	return "column " + column + ": " + text
}

// rowsTime bounds the look for a row.
const rowsTime = 2 * time.Second

// HasRows reports whether a table has any row at all.
func (t *Target) HasRows(ctx context.Context, name table.Name) (bool, error) {
	has, _, err := t.HasRowsOf(ctx, &schema.Table{Name: name})
	return has, err
}

// HasRowsOf reports whether a table has a row that meets its filter. Where the look takes longer than two seconds, it
// may have one, and known is false: without an index for the filter, the server walks over all other rows.
func (t *Target) HasRowsOf(ctx context.Context, of *schema.Table) (has, known bool, err error) {
	query := "FROM " + sqltext.Qualified(of.Name)
	if of.Filter != "" {
		query += " WHERE (" + of.Filter + ")"
	}
	has, err = fetch.FoundWithin(ctx, t.DB, rowsTime, query+" LIMIT 1")
	switch {
	case mysqlerr.IsTimeLimit(err):
		return true, false, nil
	case err != nil:
		return false, false, fmt.Errorf("look for rows in %s: %w", of.Name, mysqlerr.Safe(err))
	}
	return has, true, nil
}

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/integration/compare"
	"github.com/tablehaul/tablehaul/integration/scene"
)

// outcome is what a tool left on the target.
type outcome struct {
	// equal says that every row is there, once, with every value of the columns that the tool carries.
	equal bool
	rows  compare.Report
	// columns counts, for columns with other values than the source's, the rows that differ.
	columns []string
	// missing are the source's columns that the target has not.
	missing []string
	// altered are the lines of the table's definition that are not as they were made in advance.
	altered []string
}

func (o outcome) String() string {
	var parts []string
	switch {
	case o.equal:
		parts = append(parts, "equal")
	case o.rows.Missing+o.rows.Extra > 0:
		parts = append(parts, fmt.Sprintf("%s rows missing, %s too many", scene.Number(o.rows.Missing),
			scene.Number(o.rows.Extra)))
	}
	if len(o.columns) > 0 {
		parts = append(parts, "other values in "+strings.Join(o.columns, ", "))
	}
	if len(o.missing) > 0 {
		parts = append(parts, "no column "+strings.Join(o.missing, ", "))
	}
	return strings.Join(parts, "; ")
}

// carried are the columns that are compared, besides the key.
var carried = []string{"customer", "status", "amount", "note", "created_at", "updated_at"}

// compareSides compares both sides row by row, and column by column where they differ.
func (a *arena) compareSides(ctx context.Context) (o outcome, err error) {
	now, err := showCreate(ctx, a.TargetDB)
	if err != nil {
		return o, err
	}
	o.altered = alterations(a.created, now)
	var columns []string
	for _, c := range carried {
		if strings.Contains(now, "`"+c+"`") {
			columns = append(columns, c)
		} else {
			o.missing = append(o.missing, c)
		}
	}
	if o.rows, err = a.compare(ctx, columns); err != nil {
		return o, err
	}
	o.equal = o.rows.Equal() && len(o.missing) == 0
	if o.rows.Different == 0 {
		return o, nil
	}
	for _, c := range columns {
		r, err := a.compare(ctx, []string{c})
		if err != nil {
			return o, err
		}
		if r.Different > 0 {
			o.columns = append(o.columns, fmt.Sprintf("%s (%s rows)", c, scene.Number(r.Different)))
		}
	}
	return o, nil
}

func (a *arena) compare(ctx context.Context, columns []string) (compare.Report, error) {
	return compare.Tables(ctx, compare.Side{DB: a.SourceDB, Schema: "shop", Table: "orders"},
		compare.Side{DB: a.TargetDB, Schema: "shop", Table: "orders"},
		compare.Options{Key: []string{"id"}, NumericKey: true, Columns: columns})
}

// alterations are the lines of a table's definition that differ from those it was made with:
// columns, keys and options, as SHOW CREATE TABLE prints them.
func alterations(made, now string) (lines []string) {
	before, after := definition(made), definition(now)
	for _, line := range before {
		if !slices.Contains(after, line) {
			lines = append(lines, "gone: "+line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			lines = append(lines, "new: "+line)
		}
	}
	return lines
}

func definition(create string) (lines []string) {
	for line := range strings.Lines(create) {
		if line = strings.Trim(line, " ,\n"); !strings.HasPrefix(line, "CREATE TABLE") {
			lines = append(lines, line)
		}
	}
	return lines
}

package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/table"
)

// refusedRow is a row of a file that cannot be converted.
type refusedRow struct {
	file string
	format.BadRow
}

// text says where the row is and what is wrong, without a value.
func (r refusedRow) text() string {
	what := fmt.Sprintf("%s: row %s", r.file, r.Place())
	if r.Column != "" {
		what += ": column " + r.Column
	}
	return what + ": " + r.Why
}

// refusedRowKey are the columns by which a quarantine names such a row: the values of its own key may be what cannot
// be converted.
var refusedRowKey = []table.Column{textColumn("file", true), textColumn("row", true)}

// refuse sets rows of a file aside, or fails where that is not allowed, or there are too many of them.
func (c *fileCopy) refuse(file string, bad []format.BadRow) error {
	most := c.r.mostBadRows()
	for _, b := range bad {
		row := refusedRow{file, b}
		if most == 0 {
			return failure.New(failure.FilesRefused, row.text(), "have the file's maker correct it, or change the "+
				"target's column")
		}
		if c.refused = append(c.refused, row); len(c.refused) > most {
			return failure.New(failure.TooManyBadRows, fmt.Sprintf("more than %d rows of the files cannot be "+
				"converted; the first: %s", most, c.refused[0].text()), failure.RemedyTooManyBadRows)
		}
	}
	return nil
}

// filesAside are the files of a table that have rows in quarantine which could not be converted, as far as staging here
// has them.
func (a *Activities) filesAside(ctx context.Context, name table.Name) (map[string]bool, error) {
	indexes, err := a.quarantineFiles(ctx, name)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, f := range indexes {
		if !sameColumns(f.Columns, refusedRowKey) {
			continue
		}
		rows, _, err := a.entries(ctx, f)
		if err != nil {
			return nil, err
		}
		for i := range rows.Len() {
			out[string(rows.Value(i, 0))] = true
		}
	}
	return out, nil
}

// setRefusedAside puts the rows of a slice that cannot be converted into quarantine, before the slice counts as read.
// Without any, it removes what another attempt has put there.
func (a *Activities) setRefusedAside(ctx context.Context, c *fileCopy) error {
	r := c.r
	if r.plan.Settings.Quarantine == nil {
		return nil
	}
	f := quarantineFile{
		Table: r.name, Run: r.in.Run, Deployment: r.plan.Deployment, Columns: refusedRowKey, At: time.Now().UTC(),
	}
	for _, k := range refusedRowKey {
		f.Key = append(f.Key, k.Name)
	}
	rows := table.NewRows(len(f.allColumns()))
	for _, one := range c.refused {
		rows.Append([]byte(one.file))
		rows.Append([]byte(one.Place()))
		entry{column: one.Column, text: one.text(), at: f.At, triedBy: r.in.Run}.appendTo(rows)
	}
	file := fmt.Sprintf("range-%05d-%05d-files", r.in.Range, r.in.Slice)
	if err := a.putEntries(ctx, f, file, attemptName(ctx), rows); err != nil {
		return translate(ctx, err, where{doing: "set rows of " + r.in.Table + " aside"})
	}
	if n := len(c.refused); n > 0 {
		c.parts.aside, c.parts.firstAside = int64(n), c.refused[0].text()
	}
	return nil
}

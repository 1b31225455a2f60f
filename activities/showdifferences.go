package activities

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/sealed"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// maxShown bounds the differences of a page, maxShownBytes its keys and cursors: a result stays far below 2 MB.
	maxShown      = 5_000
	maxShownBytes = 256 << 10
)

// errPageFull ends a page.
var errPageFull = errors.New("the page is full")

// ShowDifferencesInput asks for a page of a list of differences.
type ShowDifferencesInput api.ShowDifferencesInput

// ShowDifferences reads a page of the list of differences of a comparison, and encrypts it for who has asked: keys of
// rows must not be in a history.
func (a *Activities) ShowDifferences(
	ctx context.Context, in ShowDifferencesInput,
) (api.ShowDifferencesResult, error) {
	name, err := table.ParseName(in.Table)
	if err != nil {
		return api.ShowDifferencesResult{}, invalidInput("table: "+err.Error(), "")
	}
	if in.After < 0 || in.Limit < 1 || in.Limit > maxShown {
		return api.ShowDifferencesResult{}, invalidInput("after or limit out of bounds", "")
	}
	out := api.ShowDifferencesResult{Run: in.Run}
	if in.Run == "" {
		if out.Run, err = a.lastComparison(ctx, name); err != nil {
			return api.ShowDifferencesResult{}, err
		}
	}
	var page api.DifferencePage
	if page, out.Next, err = a.readDifferences(ctx, name, out.Run, in); err != nil {
		return api.ShowDifferencesResult{}, err
	}
	out.Shown = len(page.Differences)
	if out.Sealed, err = seal(in.PublicKey, in.Table, page, "tablehaul verify show"); err != nil {
		return api.ShowDifferencesResult{}, err
	}
	logStep(ctx, "run", out.Run, "differences", out.Shown)
	return out, nil
}

// seal encrypts a page for who has asked by a command.
func seal(publicKey []byte, tbl string, page any, command string) ([]byte, error) {
	text, err := json.Marshal(page)
	if err != nil {
		return nil, err
	}
	out, err := sealed.Seal(publicKey, tbl, text)
	if err != nil {
		return nil, invalidInput("publicKey: "+err.Error(), "ask by "+command)
	}
	return out, nil
}

// readDifferences reads a page, and returns how many differences to pass over for the next one; 0 at the end.
func (a *Activities) readDifferences(
	ctx context.Context, name table.Name, run string, in ShowDifferencesInput,
) (page api.DifferencePage, next int64, err error) {
	place, size := int64(0), 0
	take := func(columns []table.Column, first int64, rows *table.Rows) error {
		width := len(columns) - len(differenceColumns)
		if page.Columns == nil {
			for _, c := range columns[:width] {
				page.Columns = append(page.Columns, api.DifferenceColumn{
					Name: c.Name, Binary: c.Kind != table.KindString,
				})
			}
		}
		for row := range rows.Len() {
			if place = first + int64(row); place < in.After {
				continue
			}
			one := api.Difference{
				Verdict:      string(rows.Value(row, width)),
				SourceCursor: string(rows.Value(row, width+1)), TargetCursor: string(rows.Value(row, width+2)),
			}
			if in.Verdict != "" && in.Verdict != one.Verdict {
				continue
			}
			if len(page.Differences) == in.Limit || size >= maxShownBytes {
				next = place
				return errPageFull
			}
			for c := range width {
				one.Key = append(one.Key, append([]byte{}, rows.Value(row, c)...))
				size += len(one.Key[c])
			}
			size += 100
			page.Differences = append(page.Differences, one)
		}
		return nil
	}
	if err = a.eachDifferenceChunk(ctx, name, run, in.After, take); errors.Is(err, errPageFull) {
		err = nil
	}
	return page, next, err
}

// lastComparison is the last comparison of a table that has kept files.
func (a *Activities) lastComparison(ctx context.Context, name table.Name) (string, error) {
	runs, err := staging.KeptRuns(ctx, a.deps.Store, staging.KeptVerify, name)
	if err != nil {
		return "", translate(ctx, err, where{doing: "look for the last comparison of " + name.String()})
	}
	for _, run := range runs {
		if strings.HasPrefix(run.Run, samplePrefix) {
			continue
		}
		note, err := run.Note(ctx, a.deps.Store)
		if unreadable(err) || err == nil && note.Deployment != a.deps.Deployment {
			continue
		}
		return run.Run, translate(ctx, err, where{doing: "look at the last comparison of " + name.String()})
	}
	return "", failure.New(
		failure.InvalidInput,
		fmt.Sprintf("staging has no comparison of %s", name),
		"compare it first: tablehaul verify "+human.Arg(name.String()),
	)
}

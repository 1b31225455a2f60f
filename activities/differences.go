package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// Kept files of a comparison.
const (
	differencesFile = "differences.parquet"
	// differencesManifest is the manifest of differencesFile.
	differencesManifest = "manifest.json"
	receiptFile         = "receipt.json"
)

// differenceColumns are the columns behind the key's.
var differenceColumns = []table.Column{
	textColumn("tablehaul_verdict", true),
	textColumn("tablehaul_source_cursor", true),
	textColumn("tablehaul_target_cursor", true),
}

// differences is the range that the list of differences is staged as: it comes behind all others.
func (c *openedComparison) differences(ranges int) *openedRange {
	r := *c.r
	r.in.Range = ranges
	r.plan.Columns = append(append([]table.Column{}, r.plan.Columns...), differenceColumns...)
	r.plan.Settings.PartBytes = 1 << 40 // one file
	return &r
}

// keepDifferences moves the list of differences, which is closed, to the kept files, and returns its key; "" where
// nothing differs. The list of an earlier attempt is replaced.
func (a *Activities) keepDifferences(ctx context.Context, r *openedRange, parts *partWriter) (key string, err error) {
	of := func(file string) string { return staging.KeptKey(staging.KeptVerify, r.name, r.in.Run, file) }
	if err := a.beginKept(ctx, staging.KeptVerify, r.name, r.in.Run); err != nil {
		return "", err
	}
	if err := a.deps.Store.Delete(ctx, of(differencesManifest)); err != nil {
		return "", err
	}
	m := staging.Manifest{
		Table: r.name, Run: r.in.Run, Deployment: r.plan.Deployment, Columns: r.plan.Columns, Parts: parts.parts,
		Created: time.Now().UTC(),
	}
	for i := range m.Parts {
		key = of(differencesFile)
		if m.Parts[i].Stored, err = staging.CopyPart(ctx, a.deps.Store, m.Parts[i], key); err != nil {
			return "", err
		}
		m.Parts[i].Key = key
	}
	return key, staging.PublishManifest(ctx, a.deps.Store, of(differencesManifest), m)
}

// keepReceipt keeps the receipt of a comparison as JSON. That of an earlier attempt is replaced.
func (a *Activities) keepReceipt(ctx context.Context, tbl table.Name, run string, receipt api.VerifyTableResult) error {
	text, err := json.MarshalIndent(receipt, "", "  ")
	if err != nil {
		return err
	}
	if err := a.beginKept(ctx, staging.KeptVerify, tbl, run); err != nil {
		return err
	}
	return a.deps.Store.Put(ctx, staging.KeptKey(staging.KeptVerify, tbl, run, receiptFile), bytes.NewReader(text))
}

// receipt reads the kept receipt of a comparison.
func (a *Activities) receipt(ctx context.Context, tbl table.Name, run string) (api.VerifyTableResult, error) {
	var out api.VerifyTableResult
	key := staging.KeptKey(staging.KeptVerify, tbl, run, receiptFile)
	text, err := staging.ReadSmall(ctx, a.deps.Store, key)
	if err != nil {
		return out, err
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return out, fmt.Errorf("%s: %w", key, errors.Join(staging.ErrCorrupt, err))
	}
	return out, nil
}

// eachDifference hands each difference that a comparison has found to f, in the order of the file. A list that is not
// there is a failure: it has been removed, or no second look was needed.
//
//nolint:unused // steps that act on differences call it
func (a *Activities) eachDifference(
	ctx context.Context, tbl table.Name, run string, f func(key table.Texts, verdict verify.Verdict) error,
) error {
	return a.eachDifferenceChunk(ctx, tbl, run, 0, func(columns []table.Column, _ int64, rows *table.Rows) error {
		width := len(columns) - len(differenceColumns)
		for row := range rows.Len() {
			key := make(table.Texts, width)
			for c := range key {
				key[c] = string(rows.Value(row, c))
			}
			if err := f(key, verify.Verdict(rows.Value(row, width))); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachDifferenceChunk hands the list of differences to f, some thousand rows at a time: the key's columns, then
// differenceColumns. It begins with the chunk that has the difference number from, and says the number of the first of
// the rows; numbers count from 0. f must not keep the rows. A comparison without a difference has no list, and f no
// call.
func (a *Activities) eachDifferenceChunk(
	ctx context.Context, tbl table.Name, run string, from int64,
	f func(columns []table.Column, first int64, rows *table.Rows) error,
) error {
	at := where{doing: "read what differs of " + tbl.String()}
	key := staging.KeptKey(staging.KeptVerify, tbl, run, differencesManifest)
	m, err := staging.ReadManifest(ctx, a.deps.Store, key)
	if errors.Is(err, staging.ErrNotFound) {
		if _, err := a.receipt(ctx, tbl, run); err == nil {
			return nil
		}
		return failure.New(failure.InvalidInput, fmt.Sprintf("staging has no list of differences of %s and the "+
			"comparison %s", tbl, run), "compare the table again; lists are kept as long as verify.keep says")
	}
	if err != nil {
		return translate(ctx, err, at)
	}
	r := &openedRange{name: tbl, plan: stagedPlan{Columns: m.Columns}}
	first := int64(0)
	for ref := range chunksOf(&m) {
		if first += ref.Rows; first <= from {
			continue
		}
		rows, err := a.readChunk(ctx, r, m, ref)
		if err != nil {
			return translate(ctx, err, at)
		}
		err = f(m.Columns, first-ref.Rows, rows)
		rows.Return()
		if err != nil {
			return err
		}
	}
	return nil
}

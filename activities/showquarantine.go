package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/table"
)

// maxShownEntries bounds the entries of a page.
const maxShownEntries = 1000

// ShowQuarantineInput asks for a page of a quarantine.
type ShowQuarantineInput api.ShowQuarantineInput

// ShowQuarantine reads a page of the rows of a table that are in quarantine, and encrypts it for who has asked: keys of
// rows must not be in a history.
func (a *Activities) ShowQuarantine(ctx context.Context, in ShowQuarantineInput) (api.ShowQuarantineResult, error) {
	var out api.ShowQuarantineResult
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return out, err
	}
	name, err := table.ParseName(in.Table)
	if err != nil {
		return out, invalidInput("table: "+err.Error(), "")
	}
	if in.After < 0 || in.Limit < 1 || in.Limit > maxShownEntries {
		return out, invalidInput("after or limit out of bounds", "")
	}
	var page api.QuarantinePage
	if page.Entries, out.Next, err = a.readQuarantine(ctx, name, in); err != nil {
		return out, translate(ctx, err, where{doing: "read the quarantine of " + in.Table})
	}
	if out.Sealed, err = seal(in.PublicKey, in.Table, page, "tablehaul quarantine show"); err != nil {
		return out, err
	}
	logStep(ctx, "entries", len(page.Entries))
	return out, nil
}

// readQuarantine reads a page, and returns how many entries to pass over for the next one; 0 at the end.
func (a *Activities) readQuarantine(
	ctx context.Context, name table.Name, in ShowQuarantineInput,
) (page []api.QuarantineEntry, next int64, err error) {
	files, err := a.quarantineFiles(ctx, name)
	if err != nil {
		return nil, 0, err
	}
	seen, place, size := map[string]bool{}, int64(0), 0
	for _, f := range files {
		rows, entries, err := a.entries(ctx, f)
		if unreadable(err) {
			continue
		}
		if err != nil {
			return nil, 0, err
		}
		places, ok := keyColumns(f.Key, f.Columns)
		for i, e := range entries {
			key, keyBytes := keyAt(rows, i, places)
			if ok && seen[keyBytes] || !f.isOf(in.Run) {
				continue
			}
			seen[keyBytes] = ok
			if place++; place <= in.After {
				continue
			}
			if len(page) == in.Limit || size >= maxShownBytes {
				return page, place - 1, nil
			}
			one := api.QuarantineEntry{
				Error: int(e.number), Column: e.column, Message: e.text, KeyHash: e.keyHash, Run: f.Run, At: e.at,
				Waiting: e.waiting(),
			}
			for n, text := range key {
				c := f.Columns[places[n]]
				one.KeyColumns = append(one.KeyColumns, api.DifferenceColumn{
					Name: c.Name, Binary: c.Kind == table.KindBytes,
				})
				one.Key = append(one.Key, []byte(text))
				size += len(text)
			}
			size += len(e.text) + 200
			page = append(page, one)
		}
	}
	return page, 0, nil
}

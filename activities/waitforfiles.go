package activities

import (
	"context"

	"github.com/tablehaul/tablehaul/internal/staging"
)

// WaitForFilesResult is what was verified.
type WaitForFilesResult struct {
	Parts int   `json:"parts"`
	Bytes int64 `json:"bytes"`
}

// WaitForFiles verifies that every part of the slice's manifest is there with the manifest's
// size and SHA-256. A part that is not is a StagedFileCorrupt failure: the workflow extracts
// the range again. It changes nothing and heartbeats the parts verified so far.
func (a *Activities) WaitForFiles(ctx context.Context, in RangeInput) (WaitForFilesResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return WaitForFilesResult{}, err
	}
	at := where{doing: "verify the staged files of " + in.Table}
	_, m, err := a.freshManifest(ctx, in)
	if err != nil {
		return WaitForFilesResult{}, translate(ctx, err, at)
	}
	var out WaitForFilesResult
	for _, p := range m.Parts {
		if err := staging.VerifyPart(ctx, a.deps.Store, p, nil); err != nil {
			return WaitForFilesResult{}, translate(ctx, err, at)
		}
		out.Parts++
		out.Bytes += p.Size
	}
	logStep(ctx, "range", in.Range, "slice", in.Slice, "parts", out.Parts, "bytes", out.Bytes)
	return out, nil
}

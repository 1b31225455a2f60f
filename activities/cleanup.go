package activities

import (
	"context"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// CleanupResult is what was removed.
type CleanupResult struct {
	Parts int `json:"parts"`
}

// tidyPatience is how long the removal of files may fail before they are left. They must not keep a run from ending.
const tidyPatience = 5 * time.Minute

// Cleanup removes the staged files of a slice of a range: the parts that its manifest names, then the
// manifest. Repeating it is harmless; a slice without a manifest has nothing to remove. A
// manifest that cannot be read names nothing, so only it itself goes. Where staging.keep says so, copies of a slice
// that is written are kept.
//
// It heartbeats: a copy may take long. It fails for good where staging fails for some minutes.
func (a *Activities) Cleanup(ctx context.Context, in RangeInput) (CleanupResult, error) {
	out, err := a.cleanup(ctx, in)
	return out, leaveSoon(ctx, err)
}

// leaveSoon makes a failure final that has lasted for tidyPatience.
func leaveSoon(ctx context.Context, err error) error {
	var app *temporal.ApplicationError
	if !errors.As(err, &app) || app.NonRetryable() || !lasted(ctx, "tidy "+app.Type(), tidyPatience) {
		return err
	}
	return temporal.NewApplicationErrorWithOptions(app.Message(), app.Type(), temporal.ApplicationErrorOptions{
		NonRetryable: true, Cause: err,
	})
}

func (a *Activities) cleanup(ctx context.Context, in RangeInput) (CleanupResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return CleanupResult{}, err
	}
	at := where{doing: "remove the staged files of " + in.Table}
	name, err := table.ParseName(in.Table)
	if err != nil {
		return CleanupResult{}, invalidInput("table: "+err.Error(), "")
	}
	key := staging.ManifestKey(name, in.Run, in.Range, in.Slice)
	a.manifests.forget(key)
	m, err := staging.ReadManifest(ctx, a.deps.Store, key)
	switch {
	case errors.Is(err, staging.ErrNotFound):
		return CleanupResult{}, nil
	case errors.Is(err, staging.ErrCorrupt):
		return CleanupResult{}, translate(ctx, a.deps.Store.Delete(ctx, key), at)
	case err != nil:
		return CleanupResult{}, translate(ctx, err, at)
	}
	if !in.Discard {
		// What is unreadable is damaged, or an earlier attempt has removed it.
		if err := a.keepStaged(ctx, m); err != nil && !unreadable(err) {
			return CleanupResult{}, translate(ctx, err, where{doing: "keep the staged files of " + in.Table})
		}
	}
	keys := make([]string, 0, len(m.Parts))
	for _, p := range m.Parts {
		keys = append(keys, p.Key)
	}
	// The manifest goes last: while a part is left, something names it.
	if err := a.deps.Store.Delete(ctx, keys...); err != nil {
		return CleanupResult{}, translate(ctx, err, at)
	}
	if err := a.deps.Store.Delete(ctx, key); err != nil {
		return CleanupResult{}, translate(ctx, err, at)
	}
	logStep(ctx, "range", in.Range, "slice", in.Slice, "parts", len(keys))
	return CleanupResult{Parts: len(keys)}, nil
}

package activities

import "context"

// AddIndexesResult is what was added.
type AddIndexesResult struct {
	Indexes int `json:"indexes"`
}

// AddIndexes gives the target the indexes that it was created without, when the first load is
// done. It takes any range of the run.
//
// Repeating it is harmless: an index that is there is not added again. It heartbeats while the
// server builds them; a cancel ends that.
func (a *Activities) AddIndexes(ctx context.Context, in RangeInput) (AddIndexesResult, error) {
	if err := a.requireLocalFiles(ctx, in.Queue); err != nil {
		return AddIndexesResult{}, err
	}
	r, err := a.openRange(ctx, in)
	if err != nil {
		return AddIndexesResult{}, translate(ctx, err, where{doing: "open the plan of " + in.Table})
	}
	s := r.plan.Settings
	at := where{connection: s.TargetConnection, doing: "add the indexes of " + s.Target.String()}
	db, err := a.deps.Target(ctx, s.TargetConnection)
	if err != nil {
		return AddIndexesResult{}, translate(ctx, err, at)
	}
	added, err := db.AddIndexes(ctx, r.plan.writesTo(), r.plan.IndexesLater)
	if err == nil {
		logStep(ctx, "indexes", added)
	}
	return AddIndexesResult{Indexes: added}, translate(ctx, err, at)
}

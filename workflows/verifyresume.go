package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/tablehaul/tablehaul/activities"
)

// verifyInput is what VerifyTable takes: what a person has asked for, and how far an execution before this one is.
type verifyInput struct {
	VerifyTableInput
	Resume *verifyResume `json:"resume,omitempty"`
}

// verifyResume is a sweep or a repair whose history has become long, between two batches.
type verifyResume struct {
	Plan   activities.PlanVerifyResult `json:"plan"`
	Plans  int                         `json:"plans"`
	Status Status                      `json:"status"`
	Result VerifyTableResult           `json:"result"`
	Pinned bool                        `json:"pinned,omitempty"`
	AtEnd  bool                        `json:"atEnd,omitempty"`
	// Deletes is the next batch of a sweep. Repairs is the plan of a repair, and Status.RangesDone of its batches are
	// done.
	Deletes activities.DeleteRowsInput   `json:"deletes,omitzero"`
	Repairs *activities.PlanRepairResult `json:"repairs,omitempty"`
}

// take goes on where an execution before this one has ended.
func (v *verification) take(r verifyResume) {
	v.plan, v.plans, v.status, v.result = r.Plan, r.Plans, r.Status, r.Result
	v.deletes, v.repairs, v.atEnd = r.Deletes, r.Repairs, r.AtEnd
	v.router = hostRouter{queue: r.Plan.Queue, pinned: r.Pinned}
}

// continueAsNew ends this execution between two batches.
func (v *verification) continueAsNew(ctx workflow.Context) error {
	return continueAsNew(ctx, VerifyTableName, verifyInput{v.in.VerifyTableInput, &verifyResume{
		Plan: v.plan, Plans: v.plans, Status: v.status, Result: v.result, Pinned: v.router.pinned,
		AtEnd: v.atEnd, Deletes: v.deletes, Repairs: v.repairs,
	}})
}

// beginPlan forgets what a plan that is lost has found, and keeps what was done by it: rows that are repaired or
// deleted stay so. A list of rows that a person has approved is the same one by any plan.
func (v *verification) beginPlan() {
	v.result, v.atEnd, v.repairs = VerifyTableResult{
		Table: v.in.Table, Depth: v.in.Depth, Repaired: v.result.Repaired, Undo: v.result.Undo, Sweep: v.result.Sweep,
	}, false, nil
	if v.in.Approve == "" {
		v.deletes = activities.DeleteRowsInput{}
	}
}

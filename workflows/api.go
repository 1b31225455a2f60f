package workflows

import (
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// Clients send and get the types below. They live in internal/api, so that a client does not link the steps.

type (
	// SyncTableInput starts a run.
	SyncTableInput = api.SyncTableInput
	// SyncTableResult is what a run did.
	SyncTableResult = api.SyncTableResult
	// Counts are rows and files of a run or a range.
	Counts = api.Counts
	// Status answers the query "status".
	Status = api.Status
	// RunningRange is a range in flight, as far as its run knows.
	RunningRange = api.RunningRange
	// Wait is why a step does not go on, and since when.
	Wait = api.Wait
	// PlanTableInput asks what a run would do.
	PlanTableInput = api.PlanTableInput
	// PlanTableResult is what a run would do now.
	PlanTableResult = api.PlanTableResult
	// VerifyTableInput starts a comparison of both sides.
	VerifyTableInput = api.VerifyTableInput
	// VerifyTableResult is the receipt of a comparison.
	VerifyTableResult = api.VerifyTableResult
	// UndoTableInput takes back what a repair or a sweep has written.
	UndoTableInput = api.UndoTableInput
	// FillColumnsInput fills columns of rows that are on the target.
	FillColumnsInput = api.FillColumnsInput
	// FillColumnsResult is what that did.
	FillColumnsResult = api.FillColumnsResult
	// UndoTableResult is what an undo did.
	UndoTableResult = api.UndoTableResult
	// ListTablesResult is what the worker's configuration contains now.
	ListTablesResult = api.ListTablesResult
	// ListedFamily is an entry with a *, and how many tables it has now.
	ListedFamily = api.ListedFamily
	// TableStateView is a table's state.
	TableStateView = owner.State
)

// Phases of a run: see internal/api.
const (
	PhaseBegin   = api.PhaseBegin
	PhasePlan    = api.PhasePlan
	PhaseExtract = api.PhaseExtract
	PhaseWait    = api.PhaseWait
	PhaseUpsert  = api.PhaseUpsert
	PhaseCleanup = api.PhaseCleanup
	PhaseIndexes = api.PhaseIndexes
	PhaseFinish  = api.PhaseFinish
	PhaseDone    = api.PhaseDone
	PhaseTotal   = api.PhaseTotal
	PhaseRanges  = api.PhaseRanges
)

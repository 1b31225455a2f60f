package workflows

import (
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

// Clients send and get the types below. They live in internal/api, so that a client does not link the steps.

type (
	SyncTableInput    = api.SyncTableInput
	SyncTableResult   = api.SyncTableResult
	Counts            = api.Counts
	Status            = api.Status
	RunningRange      = api.RunningRange
	Wait              = api.Wait
	PlanTableInput    = api.PlanTableInput
	PlanTableResult   = api.PlanTableResult
	VerifyTableInput  = api.VerifyTableInput
	VerifyTableResult = api.VerifyTableResult
	ListTablesResult  = api.ListTablesResult
	ListedFamily      = api.ListedFamily
	TableStateView    = owner.State
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

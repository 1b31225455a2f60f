package api

// Registered workflow types. They are public vocabulary: histories and people's schedules hold them.
const (
	SyncTableName  = "SyncTable"
	SyncRangeName  = "SyncRange"
	PlanTableName  = "PlanTable"
	SweepName      = "SweepStaging"
	ListTablesName = "ListTables"
	// DropOldTableName drops the former table of a target that was replaced, when its time is over.
	DropOldTableName = "DropOldTable"
)

// QueryStatus is the query of SyncTable and SyncRange; its answer is a Status.
const QueryStatus = "status"

// Modes of a run.
const (
	// ModeFirstLoad reads the whole table up to hi, because there is no watermark or the caller asked for a full run.
	ModeFirstLoad = "first load"
	// ModeIncremental reads the window above the watermark.
	ModeIncremental = "incremental"
	// ModeWhole reads a table that has no cursor.
	ModeWhole = "whole"
	// ModeReplace reads the whole table into one beside the target, which then takes the target's place.
	ModeReplace = "replace"
	// ModeFiles loads files that others have written.
	ModeFiles = "files"
	// ModeVerify is the mode of a comparison in its Status.
	ModeVerify = "verify"
	// ModeBackfill reads a window that the caller gave, and leaves the watermark alone.
	ModeBackfill = "backfill"
)

// What a run does when another one holds its table.
const (
	IfBusyFail = "fail"
	IfBusyWait = "wait"
	IfBusySkip = "skip"
)

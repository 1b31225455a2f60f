package failure

// Failure types: conditions, frozen once released. People see them in the Web UI, and
// docs/operations.md has a row for each.
const (
	// InvalidInput: the workflow's input cannot be read or makes no sense.
	InvalidInput = "InvalidInput"
	// UnknownTable: the worker's configuration does not have the table.
	UnknownTable = "UnknownTable"
	// UnsupportedTable: preflight refused the table; nothing was written.
	UnsupportedTable = "UnsupportedTable"
	// TableBusy: another run holds the table.
	TableBusy = "TableBusy"
	// LeaseLost: a newer run took the table over.
	LeaseLost = "LeaseLost"
	// IdentityChanged: the watermark does not speak of the source, target or cursor that is there now.
	IdentityChanged = "IdentityChanged"
	// ServerChanged: a connection leads to another server than the run was planned on; retried for
	// a while, then the run is planned again.
	ServerChanged = "ServerChanged"
	// TargetRestarted: the target, which may lose commits in a crash, was started again during the
	// run; the run writes its rows again.
	TargetRestarted = "TargetRestarted"
	// ServerRejected: a server refuses us for good: login, grant, setting, missing object, TLS.
	ServerRejected = "ServerRejected"
	// RowRejected: the target refuses a row's data.
	RowRejected = "RowRejected"
	// TooManyBadRows: the target refuses more rows than may be set aside.
	TooManyBadRows = "TooManyBadRows"
	// DeletesHeld: a guard has stopped a sweep before its first delete.
	DeletesHeld = "DeletesHeld"
	// StagedFileCorrupt: a staged file is missing or not what its manifest says; the range is extracted again.
	StagedFileCorrupt = "StagedFileCorrupt"
	// StagingFull: staging has no room left; retried slowly.
	StagingFull = "StagingFull"
	// PlanLost: the staged plan of the run is not there, or not the one that was made, or a chunk of it comes after a
	// later one; the run is planned again.
	PlanLost = "PlanLost"
	// HostGone: no worker answers any more on the machine that has a run's files; the run is planned again on another.
	HostGone = "HostGone"
	// StagingUnavailable: staging does not answer or is busy; retried.
	StagingUnavailable = "StagingUnavailable"
	// StagingRejected: staging refuses for good: credentials, a permission, a bucket, a setting.
	StagingRejected = "StagingRejected"
	// TableChanged: the source or target table was altered while a run was in flight.
	TableChanged = "TableChanged"
	// TargetWritten: others wrote a target while the table was loaded that was to take its place.
	TargetWritten = "TargetWritten"
	// OpenTransactions: open work on the source leaves nothing that could be read safely.
	OpenTransactions = "OpenTransactions"
	// FilesIncomplete: the maker of files is not done with any that are to be loaded; retried.
	FilesIncomplete = "FilesIncomplete"
	// FilesUnavailable: the store of others' files does not answer or is busy; retried.
	FilesUnavailable = "FilesUnavailable"
	// FilesChanged: files were changed or removed after the run was planned; it is planned again.
	FilesChanged = "FilesChanged"
	// FilesRefused: files, or their store, that cannot be loaded as they are.
	FilesRefused = "FilesRefused"
	// WatermarkAhead: the watermark lies above every value that the source can give to a row now.
	WatermarkAhead = "WatermarkAhead"
	// LockWait: another session holds a lock on the rows or the table; retried.
	LockWait = "LockWait"
	// ServerUnavailable: a connection was lost or refused; retried.
	ServerUnavailable = "ServerUnavailable"
	// ServerFull: connections, memory or disk ran out; retried slowly.
	ServerFull = "ServerFull"
	// ServerReadOnly: the server is read-only, as during a failover; retried for a while.
	ServerReadOnly = "ServerReadOnly"
	// Throttled: a limit of the table's says that this is not the time; tried again later.
	Throttled = "Throttled"
	// NotifyFailed: the webhook did not take a message; retried, and no run waits for it.
	NotifyFailed = "NotifyFailed"
	// Unexpected: none of the above; retried for a while, then failed.
	Unexpected = "Unexpected"
)

// WrongHost is internal to a run: a worker refuses a step whose files another host has, and the
// workflow sends the step there. It ends no run, and is not in the guide.
const WrongHost = "WrongHost"

package failure

// Advice is what people should know of a failure type.
type Advice struct {
	Type string `json:"type"`
	// Means is what has happened, Look where the cause shows, Do what to do about it; Look may be
	// empty. TABLE stands for the table's name.
	Means string `json:"means"`
	Look  string `json:"look,omitempty"`
	Do    string `json:"do"`
	// Waits says that a run does not end by it, but tries again for as long as it takes.
	Waits bool `json:"waits,omitempty"`
}

// Ends of a run that are no failure of a step: Temporal's own words for them.
const (
	EndCancelled  = "Cancelled"
	EndTerminated = "Terminated"
	EndTimedOut   = "TimedOut"
)

// Guide is the advice on every failure type, in the order of the docs. It is the one source of
// it: the command line prints it, and docs/operations.md holds it as a table.
var Guide = []Advice{
	{
		InvalidInput, "the input cannot be read or makes no sense; a misspelt key is one",
		"the message", "correct the arguments and run again", false,
	},
	{
		UnknownTable, "the worker's configuration does not have the table",
		"the worker's file, not yours", "add the table to the configuration of every worker", false,
	},
	{
		UnsupportedTable, "preflight refused the table, or it is not there; nothing was written",
		"every finding with its remedy: `tablehaul plan TABLE`",
		"do what the findings of `tablehaul plan TABLE` say, then run again", false,
	},
	{
		TableBusy, "another run holds the table; its workflow is named (`\"ifBusy\"` of an input says what then)",
		"`tablehaul status TABLE`", "wait for that run, or use `--if-busy wait` or `skip`", false,
	},
	{
		LeaseLost, "a newer run took the table over while this one was away",
		"`tablehaul status TABLE`: the newer run", "nothing: nothing of this run is missing from the newer one", false,
	},
	{
		IdentityChanged, "the watermark is of another source, target, cursor or key than there is now; nothing was " +
			"written",
		"what is bound: `tablehaul status TABLE`; what is there: `tablehaul plan TABLE`",
		"take back the change, or load the table again with `--full`; where the target holds every row up to the " +
			"watermark, `tablehaul watermark adopt TABLE`", false,
	},
	{
		ServerChanged, "a connection leads to another server than the run was planned on: a failover, a proxy with " +
			"several servers, workers with different files; for the third time in one run",
		"the connection's address; the workers' files", "run again; where it comes back, let the connection lead to " +
			"one server", false,
	},
	{
		TargetRestarted, "the target was started again during the run and may have lost commits, twice in one run",
		"the target's error log; `SELECT @@innodb_flush_log_at_trx_commit, @@sync_binlog`",
		"set innodb_flush_log_at_trx_commit = 1 on the target, and with a binary log sync_binlog = 1, then run " +
			"again", false,
	},
	{
		ServerRejected, "a login, grant, setting, certificate or missing object",
		"connection and error number in the message; a refused login is [remembered](#refused-logins)",
		"correct the server's setting, grant or login and run again", false,
	},
	{
		RowRejected, "the target refuses a row's data: too long, out of range, a check, a unique value",
		"column and key in the message, and [which row](#which-row): the remedy has the statement that shows it",
		"correct the row at the source or widen the target, then run again", false,
	},
	{
		TooManyBadRows, "the target refuses more rows than `maxBadRows` and `maxBadShare` let runs set aside",
		"the first of them in the message; all: `tablehaul quarantine list`",
		"correct the one cause that so many have, at the source or on the target, and run again; or raise the limits",
		false,
	},
	{
		DeletesHeld, "a guard has stopped a sweep of [deletes](deletes.md) before its first delete",
		"the message; the rows: the list of the sweep",
		"do what the message says; where the rows are to go, `tablehaul deletes approve TABLE RUN`", false,
	},
	{
		StagedFileCorrupt, "a staged file is missing or damaged, again after the range was extracted again",
		"the disk, and whether all workers see the same `staging.url`", "let all workers use one staging on a sound " +
			"disk, which no other program writes to, then run again", false,
	},
	{
		StagingUnavailable, "the store of staged files does not answer or is busy; tried again for as long as it takes",
		"the store, and the network to it", "see that the store of `staging.url` answers the workers; the run goes " +
			"on by itself", true,
	},
	{
		StagingRejected, "the store refuses: a permission, a bucket, a region, a setting at once; expired " +
			"credentials or a clock after 15 minutes",
		"the message; [staging.md](staging.md#when-it-fails)",
		"correct what it names, at the store or in `staging.url`, then run again; restart workers whose " +
			"`staging.url` or own credentials were wrong", false,
	},
	{
		PlanLost, "the staged plan of a run, plan.json, was removed or changed, for the third time in one run",
		"what else writes to or cleans the staging folder or bucket",
		"keep other programs from the staging folder or bucket, then run again; twice, a run plans again by itself",
		false,
	},
	{
		HostGone, "no worker answers on the machine that has the run's files, for the third time in one run",
		"the workers; [deploying.md](deploying.md)", "start a worker on a machine that stays, or keep staging where " +
			"every worker sees it, then run again", false,
	},
	{
		StagingFull, "staging has no room; tried again every 30 seconds",
		"`df` on the staging folder", "make room on the disk of the staging folder; the run goes on by itself", true,
	},
	{
		TableChanged, "source or target was altered while a run was in flight",
		"the message names the table", "run again: the new shape is planned for", false,
	},
	{
		TargetWritten, "others wrote the target while the table was loaded that takes its place (`write: replace`): " +
			"the swap would lose it, and the target stays as it is. What they wrote in the moment of the swap is in " +
			"`tablehaul_old_TABLE`, which no run drops then",
		"who writes there: `SHOW PROCESSLIST` on the target", "let only this run write the target, or use `write: " +
			"upsert`; then run again", false,
	},
	{
		OpenTransactions, "a first load or a backfill cannot choose an end yet: work on the source has been open " +
			"since its first look, or a lag that was set has not passed",
		"`tablehaul status TABLE` names [what holds it](#held-back); on the source `SELECT * FROM " +
			"information_schema.innodb_trx ORDER BY trx_started` and `XA RECOVER`",
		"wait: it begins by itself when all work that was open at its first look has ended, however much has begun " +
			"since. End what never will, such as a prepared XA transaction. `fixedLag` and `minLag` make it wait " +
			"that long", true,
	},
	{
		FilesIncomplete, "the files of a table are not complete by its rule (`files.complete`), and there is nothing " +
			"else " +
			"to load",
		"the message names what is " +
			"missing", "wait: the run goes on by itself when the files are complete; where they " +
			"never will be, remove them, after `tablehaul load TABLE FILE` where their rows are wanted", true,
	},
	{
		FilesUnavailable, "the store of a table's files does not answer or is busy; tried again for as long as it " +
			"takes",
		"the store, and the network to it", "see that the store of `files.url` answers the workers; the run goes on " +
			"by " +
			"itself", true,
	},
	{
		FilesChanged, "files were changed or removed while a run read them, for the third time in one run",
		"the message names the file; who writes there", "run again; where it comes back, choose a `files.complete` " +
			"that " +
			"says when files are whole", false,
	},
	{
		FilesRefused, "files cannot be loaded as they are: damaged, of another form, in an order that would undo " +
			"newer " +
			"rows; or their store refuses",
		"the message names file, row and " +
			"column", "do what the message says, then run again; [files.md](files.md) has " +
			"the rules", false,
	},
	{
		WatermarkAhead, "the watermark lies above every value that the source can give to a row now, so that no " +
			"window reaches new rows: the source's clock or time zone was changed, the table was emptied and " +
			"refilled, or the watermark was set by hand",
		"the message: the watermark and the source's now; the source's clock and `@@GLOBAL.time_zone`, the table's " +
			"`cursorZone`",
		"correct the clock or the zone; then `tablehaul watermark set TABLE VALUE` with a value from before the " +
			"change reads again from there, and `tablehaul run TABLE --full` reads everything", false,
	},
	{
		LockWait, "another session holds a lock on the rows or the table that a step needs; tried again for as long " +
			"as it takes",
		"the message names the connection where the login may see it (MySQL: SELECT on `performance_schema`; " +
			"MariaDB: PROCESS); and so does, on MySQL, `SELECT * FROM sys.innodb_lock_waits`, on MariaDB " +
			"`SELECT * FROM information_schema.innodb_lock_waits` ([more](#locks-on-the-target))",
		"wait until that transaction ends, or end it on the server with KILL and the number in the message; the run " +
			"goes on by itself", true,
	},
	{
		ServerUnavailable, "a connection was refused or lost, or a server answers nothing",
		"the server, and the network to it",
		"see that the server answers: a run tries again for as long as it takes; one whose server cannot be reached " +
			"when it begins fails after half a minute, so run it again", true,
	},
	{
		ServerFull, "connections, memory or disk of a server ran out; tried again every 30 seconds",
		"the server", "make room on the server, or lower `maxConnections`; the run goes on by itself", true,
	},
	{
		ServerReadOnly, "the server is read-only, as in a failover",
		"`SELECT @@read_only` on the target", "make the server writable: a run goes on by itself within 15 minutes, " +
			"and " +
			"fails after them. Or point the connection at the primary, then run again", false,
	},
	{
		Throttled, "a limit of the table's says that this is not the time",
		"the reason names the limit", "wait: the run goes on by itself; or change the table's limits, which the next " +
			"run takes", true,
	},
	{
		NotifyFailed, "inside a table's state workflow only: the webhook does not accept a message; tried again for " +
			"a day, and no run waits for it",
		"the receiver, and the worker's log", "check `notifications.webhook` and its secret where the worker starts",
		true,
	},
	{
		Unexpected, "none of the above",
		"the message, the run in the Web UI, the worker's log",
		"run again once you know why; the same error fails the run after 15 minutes", false,
	},
	{EndCancelled, "the run was cancelled; its files are removed", "", "run again when you like", false},
	{EndTerminated, "the run was terminated: it could not remove its staged files, which the next run or the " +
		"[sweep](deploying.md#what-runs-leave-behind) does", "", "run again: the next run takes the table over, and " +
		"a first load, or a run of files, goes on where it was. `tablehaul cancel TABLE` ends a run in order", false},
	{EndTimedOut, "Temporal ended the run at a time limit", "the run in the Web UI", "run again", false},
}

// AdviceOn returns the advice on a failure type; false where there is none.
func AdviceOn(typ string) (Advice, bool) {
	for _, a := range Guide {
		if a.Type == typ {
			return a, true
		}
	}
	return Advice{}, false
}

package activities

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/staging"
)

// Failure types: conditions, frozen once released. People see them in the Web UI, and
// docs/operations.md has a row for each.
const (
	// TypeInvalidInput: the workflow's input cannot be read or makes no sense.
	TypeInvalidInput = "InvalidInput"
	// TypeUnknownTable: the worker's configuration does not have the table.
	TypeUnknownTable = "UnknownTable"
	// TypeUnsupportedTable: preflight refused the table; nothing was written.
	TypeUnsupportedTable = "UnsupportedTable"
	// TypeTableBusy: another run holds the table.
	TypeTableBusy = "TableBusy"
	// TypeLeaseLost: a newer run took the table over.
	TypeLeaseLost = "LeaseLost"
	// TypeIdentityChanged: the watermark does not speak of the source, target or cursor that is there now.
	TypeIdentityChanged = "IdentityChanged"
	// TypeServerChanged: a connection leads to another server than the run was planned on; retried for
	// a while, then the run is planned anew.
	TypeServerChanged = "ServerChanged"
	// TypeTargetRestarted: the target, which may lose commits in a crash, was started again during the
	// run; the run writes its rows again.
	TypeTargetRestarted = "TargetRestarted"
	// TypeServerRejected: a server refuses us for good: login, grant, setting, missing object, TLS.
	TypeServerRejected = "ServerRejected"
	// TypeRowRejected: the target refuses a row's data.
	TypeRowRejected = "RowRejected"
	// TypeStagedFileCorrupt: a staged file is missing or not what its manifest says; the range is extracted again.
	TypeStagedFileCorrupt = "StagedFileCorrupt"
	// TypeStagingFull: staging has no room left; retried slowly.
	TypeStagingFull = "StagingFull"
	// TypePlanLost: the staged plan of the run is not there, or not the one that was made; the run is planned anew.
	TypePlanLost = "PlanLost"
	// TypeHostGone: no worker answers any more on the machine that has a run's files; the run is planned anew elsewhere.
	TypeHostGone = "HostGone"
	// TypeStagingUnavailable: staging does not answer or is busy; retried.
	TypeStagingUnavailable = "StagingUnavailable"
	// TypeStagingRejected: staging refuses for good: credentials, a permission, a bucket, a setting.
	TypeStagingRejected = "StagingRejected"
	// TypeTableChanged: the source or target table was altered while a run was in flight.
	TypeTableChanged = "TableChanged"
	// TypeOpenTransactions: open work on the source leaves nothing that could be read safely.
	TypeOpenTransactions = "OpenTransactions"
	// TypeWatermarkAhead: the watermark lies above every value that the source can give to a row now.
	TypeWatermarkAhead = "WatermarkAhead"
	// TypeLockWait: another session holds a lock on the rows or the table; retried.
	TypeLockWait = "LockWait"
	// TypeServerUnavailable: a connection was lost or refused; retried.
	TypeServerUnavailable = "ServerUnavailable"
	// TypeServerFull: connections, memory or disk ran out; retried slowly.
	TypeServerFull = "ServerFull"
	// TypeServerReadOnly: the server is read-only, as during a failover; retried for a while.
	TypeServerReadOnly = "ServerReadOnly"
	// TypeThrottled: a limit of the table's says that this is not the time; tried again later.
	TypeThrottled = "Throttled"
	// TypeNotifyFailed: the webhook did not take a message; retried, and no run waits for it.
	TypeNotifyFailed = "NotifyFailed"
	// TypeUnexpected: none of the above; retried for a while, then failed.
	TypeUnexpected = "Unexpected"
)

// WrongHost is internal to a run: a worker refuses a step whose files another host has, and the
// workflow sends the step there. It ends no run, and is not in the guide.
const WrongHost = "WrongHost"

const (
	// patience is how long the same step may fail of an unknown cause, or find the server
	// read-only, before the run fails. Longer than a failover, shorter than a night.
	patience = 15 * time.Minute
	// reachPatience is how long a server that cannot be reached at all is tried before a run
	// has begun to read: long enough for a restart, short enough for a wrong port to be told.
	// Later steps wait for as long as it takes.
	reachPatience = 25 * time.Second
	// fullDelay is the pause after "out of connections" or "disk full": retrying sooner
	// would be part of the problem.
	fullDelay = 30 * time.Second
	// serverPatience is how long a step looks for the server that its run was planned on. A proxy that
	// sends each connection elsewhere leads there soon; after a failover the run is planned anew.
	serverPatience = 20 * time.Second
)

// failure is a permanent failure: what is wrong, and what to do.
func failure(typ, what, remedy string) error {
	msg := what
	if remedy != "" {
		msg += ": " + remedy
	}
	return temporal.NewApplicationErrorWithOptions(msg, typ, temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{FailureDetails{What: what, Remedy: remedy}},
	})
}

func invalidInput(what, remedy string) error { return failure(TypeInvalidInput, what, remedy) }

// where says which server and which step an error belongs to.
type where struct {
	// connection is the configured name; empty where no server is involved.
	connection string
	// doing is the operation in lower case, such as "read a page of shop.orders".
	doing string
}

// translate turns any error of a step into the failure that Temporal and people see. Whether
// to retry is decided here and nowhere else. It never lets a server's text through that could
// hold a row's values: mysqldb has rewritten those.
func translate(ctx context.Context, err error, at where) error {
	var app *temporal.ApplicationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &app):
		return err
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err() // a cancelled step is not a failure
	case errors.Is(err, lineage.ErrFenced):
		return at.failure(TypeLeaseLost, err, "")
	case errors.Is(err, lineage.ErrNotBegun), errors.Is(err, mysqldb.ErrOtherServer):
		return at.otherServer(ctx, err)
	case errors.Is(err, staging.ErrCorrupt), errors.Is(err, staging.ErrNotFound), errors.Is(err, rowfile.ErrCorrupt):
		return at.failure(TypeStagedFileCorrupt, err, "")
	case mysqldb.IsGone(err) && at.connection != "" && !isPreflight(ctx):
		// A plan was made of it, so that it was there.
		return at.failure(TypeTableChanged, err, "it was there when this run was planned: bring it back, or start the run again")
	case errors.Is(err, rowfile.ErrColumns), errors.Is(err, rowfile.ErrValue):
		return at.failure(TypeUnsupportedTable, err, "")
	}
	if typ, opts := retryOfStaging(err, age(ctx)); typ != "" {
		at.connection = "" // no database server is to blame
		opts.Details = []any{at.details(err, "")}
		return temporal.NewApplicationErrorWithOptions(at.text(err), typ, opts)
	}
	opts := temporal.ApplicationErrorOptions{}
	typ := TypeUnexpected
	remedy := ""
	if at.connection != "" {
		p := mysqldb.Describe(err)
		remedy = p.Remedy
		typ, opts = retryOf(p.Class, age(ctx))
		if mysqldb.IsLockConflict(err) {
			typ = TypeLockWait
		}
		if isPreflight(ctx) && isDial(err) && age(ctx) > reachPatience {
			opts.NonRetryable = true
			remedy = "check the host and port of the connection's dsn, and that the server runs and is reachable from the worker"
		}
	} else if age(ctx) > patience {
		opts.NonRetryable = true
	}
	msg := at.text(err)
	if remedy != "" {
		msg += ": " + remedy
	}
	if opts.NonRetryable && (typ == TypeUnexpected || typ == TypeServerReadOnly) {
		msg = fmt.Sprintf("%s (the same for %s, given up)", msg, patience)
	}
	opts.Details = []any{at.details(err, remedy)}
	return temporal.NewApplicationErrorWithOptions(msg, typ, opts)
}

// otherServer is the failure of a step that did not reach the server its run was planned on.
func (at where) otherServer(ctx context.Context, err error) error {
	const remedy = "let the connection lead to one server"
	return temporal.NewApplicationErrorWithOptions(at.text(err)+": "+remedy, TypeServerChanged, temporal.ApplicationErrorOptions{
		NonRetryable: age(ctx) > serverPatience, Details: []any{at.details(err, remedy)},
	})
}

// failure is a permanent failure of an error that no retry can mend.
func (at where) failure(typ string, err error, remedy string) error {
	msg := at.text(err)
	if remedy != "" {
		msg += ": " + remedy
	}
	return temporal.NewApplicationErrorWithOptions(msg, typ, temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{at.details(err, remedy)},
	})
}

func (at where) details(err error, remedy string) FailureDetails {
	return FailureDetails{Doing: at.doing, Connection: at.connection, What: mysqldb.Safe(err).Error(), Remedy: remedy}
}

func (at where) text(err error) string {
	text := mysqldb.Safe(err).Error()
	if at.connection == "" {
		return fmt.Sprintf("%s: %s", at.doing, text)
	}
	return fmt.Sprintf("%s (connection %s): %s", at.doing, at.connection, text)
}

// retryOf maps an error class to a failure type and its retry.
func retryOf(c mysqldb.Class, age time.Duration) (string, temporal.ApplicationErrorOptions) {
	switch c {
	case mysqldb.ClassRetry:
		return TypeServerUnavailable, temporal.ApplicationErrorOptions{}
	case mysqldb.ClassCapacity:
		return TypeServerFull, temporal.ApplicationErrorOptions{NextRetryDelay: fullDelay}
	case mysqldb.ClassFailover:
		return TypeServerReadOnly, temporal.ApplicationErrorOptions{NonRetryable: age > patience}
	case mysqldb.ClassSplit, mysqldb.ClassRowData:
		return TypeRowRejected, temporal.ApplicationErrorOptions{NonRetryable: true}
	case mysqldb.ClassConfiguration:
		return TypeServerRejected, temporal.ApplicationErrorOptions{NonRetryable: true}
	default:
		return TypeUnexpected, temporal.ApplicationErrorOptions{NonRetryable: age > patience}
	}
}

// retryOfStaging maps an error of the staging store to a failure type and its retry; the type is
// empty where the error is none of these.
func retryOfStaging(err error, age time.Duration) (string, temporal.ApplicationErrorOptions) {
	switch {
	case errors.Is(err, staging.ErrFull):
		return TypeStagingFull, temporal.ApplicationErrorOptions{NextRetryDelay: fullDelay}
	case errors.Is(err, staging.ErrRejected):
		return TypeStagingRejected, temporal.ApplicationErrorOptions{NonRetryable: true}
	case errors.Is(err, staging.ErrCredentials):
		return TypeStagingRejected, temporal.ApplicationErrorOptions{NonRetryable: age > patience}
	case errors.Is(err, staging.ErrUnavailable):
		return TypeStagingUnavailable, temporal.ApplicationErrorOptions{}
	}
	return "", temporal.ApplicationErrorOptions{}
}

// isPreflight reports whether the running step comes before the first row is read or written.
func isPreflight(ctx context.Context) bool {
	if !activity.IsActivity(ctx) {
		return false
	}
	name := activity.GetInfo(ctx).ActivityType.Name
	return name == "PlanRun" || name == "PreviewRun" || name == "ListTables"
}

// isDial reports whether no connection was made at all.
func isDial(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// age is how long ago this step was first scheduled, over all its attempts.
func age(ctx context.Context) time.Duration {
	if !activity.IsActivity(ctx) {
		return 0
	}
	return time.Since(activity.GetInfo(ctx).ScheduledTime)
}

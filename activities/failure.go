package activities

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
	"github.com/tablehaul/tablehaul/internal/rowfile"
	"github.com/tablehaul/tablehaul/internal/staging"
)

const (
	// patience is how long the same step may fail of an unknown cause, or find the server
	// read-only, before the run fails. Longer than a failover, shorter than a night.
	patience = 15 * time.Minute
	// reachPatience is how long a server that cannot be reached at all is tried before a run has begun to read: long
	// enough for a restart, short enough to show a wrong port. Later steps wait for as long as it takes.
	reachPatience = 25 * time.Second
	// fullDelay is the pause after "out of connections" or "disk full": retrying sooner would be part of the problem.
	fullDelay = 30 * time.Second
	// serverPatience is how long a step looks for the server that its run was planned on. A proxy that
	// sends each connection to another server leads there in seconds; after a failover the run is planned again.
	serverPatience = 20 * time.Second
)

func invalidInput(what, remedy string) error { return failure.New(failure.InvalidInput, what, remedy) }

// where says which server and which step an error belongs to.
type where struct {
	// connection is the configured name; empty where no server is involved.
	connection string
	// doing is the operation in lower case, such as "read a page of shop.orders".
	doing string
}

// translate turns any error of a step into the failure that Temporal and people see. Whether to retry is decided here
// and nowhere else. It never lets a server's text through that could hold a row's values: mysqldb has rewritten those.
func translate(ctx context.Context, err error, at where) error {
	var app *temporal.ApplicationError
	var tooMany *upsert.TooManyBadRowsError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &app):
		return err
	case errors.As(err, &tooMany):
		return at.permanent(failure.TooManyBadRows, err, failure.RemedyTooManyBadRows)
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled):
		return ctx.Err() // a cancelled step is not a failure
	case errors.Is(err, lineage.ErrFenced):
		return at.permanent(failure.LeaseLost, err, "")
	case errors.Is(err, lineage.ErrLate): // Temporal waits for its answer only where a person has reset the run
		return at.permanent(failure.PlanLost, err, "")
	case errors.Is(err, lineage.ErrNotBegun), errors.Is(err, mysqldb.ErrOtherServer):
		return at.otherServer(ctx, err)
	case errors.Is(err, staging.ErrCorrupt), errors.Is(err, staging.ErrNotFound), errors.Is(err, rowfile.ErrCorrupt):
		return at.permanent(failure.StagedFileCorrupt, err, "")
	case schema.IsGone(err) && at.connection != "" && !isPreflight(ctx):
		// A plan was made of it, so that it was there.
		return at.permanent(failure.TableChanged, err, "it was there when this run was planned: bring it back, or "+
			"start the run again")
	case errors.Is(err, rowfile.ErrColumns), errors.Is(err, rowfile.ErrValue):
		return at.permanent(failure.UnsupportedTable, err, "")
	}
	if typ, opts, limit := retryOfStaging(err); typ != "" {
		at.connection = "" // no database server is to blame
		opts.NonRetryable = opts.NonRetryable || lasted(ctx, typ, limit)
		opts.Details = []any{at.details(err, "")}
		return temporal.NewApplicationErrorWithOptions(at.text(err), typ, opts)
	}
	typ, opts, limit, remedy := failure.Unexpected, temporal.ApplicationErrorOptions{}, patience, ""
	if at.connection != "" {
		p := mysqlerr.Describe(err)
		remedy = withRowOf(err, p.Remedy)
		typ, opts, limit = retryOf(p.Class)
		if mysqlerr.IsLockConflict(err) {
			typ = failure.LockWait
		}
		if isPreflight(ctx) && isDial(err) && lasted(ctx, typ, reachPatience) {
			opts.NonRetryable = true
			remedy = "check the host and port of the connection's dsn, and that the server runs and is reachable" +
				" from the worker"
		}
	}
	opts.NonRetryable = opts.NonRetryable || lasted(ctx, typ, limit)
	msg := at.text(err)
	if remedy != "" {
		msg += ": " + remedy
	}
	if opts.NonRetryable && (typ == failure.Unexpected || typ == failure.ServerReadOnly) {
		msg = fmt.Sprintf("%s (the same failure for %s)", msg, patience)
	}
	opts.Details = []any{at.details(err, remedy)}
	return temporal.NewApplicationErrorWithOptions(msg, typ, opts)
}

// otherServer is the failure of a step that did not reach the server its run was planned on.
func (at where) otherServer(ctx context.Context, err error) error {
	const remedy = "let the connection lead to one server"
	return temporal.NewApplicationErrorWithOptions(at.text(
		err)+": "+remedy, failure.ServerChanged, temporal.ApplicationErrorOptions{
		NonRetryable: lasted(ctx, failure.ServerChanged, serverPatience), Details: []any{at.details(err, remedy)},
	})
}

// permanent is the failure of an error that no retry can mend.
func (at where) permanent(typ string, err error, remedy string) error {
	msg := at.text(err)
	if remedy != "" {
		msg += ": " + remedy
	}
	return temporal.NewApplicationErrorWithOptions(msg, typ, temporal.ApplicationErrorOptions{
		NonRetryable: true, Details: []any{at.details(err, remedy)},
	})
}

func (at where) details(err error, remedy string) failure.Details {
	return failure.Details{Doing: at.doing, Connection: at.connection, What: mysqlerr.Safe(err).Error(), Remedy: remedy}
}

func (at where) text(err error) string {
	text := mysqlerr.Safe(err).Error()
	if at.connection == "" {
		return fmt.Sprintf("%s: %s", at.doing, text)
	}
	return fmt.Sprintf("%s (connection %s): %s", at.doing, at.connection, text)
}

// retryOf maps an error class to a failure type and its retry, and how long a step may fail in this way; 0 is no limit.
func retryOf(c mysqlerr.Class) (typ string, opts temporal.ApplicationErrorOptions, limit time.Duration) {
	switch c {
	case mysqlerr.ClassRetry:
		return failure.ServerUnavailable, opts, 0
	case mysqlerr.ClassCapacity:
		opts.NextRetryDelay = fullDelay
		return failure.ServerFull, opts, 0
	case mysqlerr.ClassFailover:
		return failure.ServerReadOnly, opts, patience
	case mysqlerr.ClassSplit, mysqlerr.ClassRowData:
		opts.NonRetryable = true
		return failure.RowRejected, opts, 0
	case mysqlerr.ClassConfiguration:
		opts.NonRetryable = true
		return failure.ServerRejected, opts, 0
	default:
		return failure.Unexpected, opts, patience
	}
}

// retryOfStaging maps an error of the staging store to a failure type and its retry, as retryOf does; the type is
// empty where the error is none of these.
func retryOfStaging(err error) (typ string, opts temporal.ApplicationErrorOptions, limit time.Duration) {
	switch {
	case errors.Is(err, staging.ErrFull):
		opts.NextRetryDelay = fullDelay
		return failure.StagingFull, opts, 0
	case errors.Is(err, staging.ErrRejected):
		opts.NonRetryable = true
		return failure.StagingRejected, opts, 0
	case errors.Is(err, staging.ErrCredentials):
		return failure.StagingRejected, opts, patience
	case errors.Is(err, staging.ErrUnavailable):
		return failure.StagingUnavailable, opts, 0
	}
	return "", opts, 0
}

// isPreflight reports whether the running step comes before the first row is read or written.
func isPreflight(ctx context.Context) bool {
	if !activity.IsActivity(ctx) {
		return false
	}
	name := activity.GetInfo(ctx).ActivityType.Name
	return name == "PlanRun" || name == "DiscoverFiles" || name == "PreviewRun" || name == "ListTables"
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

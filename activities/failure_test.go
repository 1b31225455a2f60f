package activities

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/throttle"
)

// Staging's own errors say whether waiting helps; a database is never blamed for them.
func TestErrorsOfStagingHaveTypesOfTheirOwn(t *testing.T) {
	for _, c := range []struct {
		err   error
		typ   string
		final bool
	}{
		{staging.ErrFull, failure.StagingFull, false},
		{staging.ErrUnavailable, failure.StagingUnavailable, false},
		{staging.ErrCredentials, failure.StagingRejected, false},
		{staging.ErrRejected, failure.StagingRejected, true},
		{staging.ErrNotFound, failure.StagedFileCorrupt, true},
		{staging.ErrCorrupt, failure.StagedFileCorrupt, true},
	} {
		err := translate(
			t.Context(), fmt.Errorf("reading a: %w", c.err), where{connection: "warehouse", doing: "write a chunk"},
		)
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		require.Equal(t, c.typ, app.Type())
		require.Equal(t, c.final, app.NonRetryable(), c.typ)
		if c.typ != failure.StagedFileCorrupt {
			require.NotContains(t, app.Message(), "warehouse")
		}
	}
}

// attemptOf is the context of an attempt at a step that begins now.
func attemptOf(t *testing.T, f *failures, step string) context.Context {
	t.Helper()
	return context.WithValue(t.Context(), attemptKey{}, &attempt{f, step, time.Now()})
}

// final is whether a step fails for good that meets err.
func final(ctx context.Context, t *testing.T, err error) bool {
	t.Helper()
	var app *temporal.ApplicationError
	require.ErrorAs(t, translate(ctx, err, where{connection: "warehouse", doing: "write a chunk"}), &app)
	return app.NonRetryable()
}

// A step that was scheduled long ago, and waited for its hours, has not failed meanwhile. Only a failure that lasts
// ends a run.
func TestOnlyAFailureThatLastsEndsARun(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		limit time.Duration
	}{
		"failover": {&mysql.MySQLError{Number: 1290, Message: "the --read-only option"}, patience},
		"unknown":  {errors.New("unknown"), patience}, "credentials": {staging.ErrCredentials, patience},
		"another server": {mysqldb.ErrOtherServer, serverPatience},
	} {
		synctest.Test(t, func(t *testing.T) {
			var f failures
			time.Sleep(16 * time.Hour) // of waiting
			require.False(t, final(attemptOf(t, &f, "a"), t, c.err), name)
			time.Sleep(c.limit)
			require.False(t, final(attemptOf(t, &f, "a"), t, c.err), name)
			time.Sleep(time.Second)
			require.False(t, final(attemptOf(t, &f, "b"), t, c.err), "%s: another step", name)
			require.True(t, final(attemptOf(t, &f, "a"), t, c.err), name)

			f.forget("a")
			require.False(t, final(attemptOf(t, &f, "a"), t, c.err), name)
			time.Sleep(c.limit / 2)
			reading := attemptOf(t, &f, "a")
			time.Sleep(24 * time.Hour)
			require.True(t, final(reading, t, c.err), "%s: an attempt may take long", name)
		})
	}
}

// In an outage of hours, what a step meets before it and after it is not one failure that lasts.
func TestAFailureBeforeAnOutageIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f failures
		failover := &mysql.MySQLError{Number: 1290, Message: "the --read-only option"}
		require.False(t, final(attemptOf(t, &f, "a"), t, failover))
		for range 60 {
			time.Sleep(time.Minute)
			require.False(t, final(attemptOf(t, &f, "a"), t, staging.ErrUnavailable), "an outage is waited for")
		}
		require.False(t, final(attemptOf(t, &f, "a"), t, failover))
	})
}

// The time of a wait does not count. What was counted before it stays: a step that waits between its failures fails.
func TestWaitsBetweenFailuresDoNotCount(t *testing.T) {
	unknown, wait := errors.New("unknown"), throttled(throttle.Wait{Reason: "maxThreadsRunning"})
	waits := func(t *testing.T, f *failures) { attemptOf(t, f, "a").Value(attemptKey{}).(*attempt).end(wait) }
	synctest.Test(t, func(t *testing.T) {
		var f failures
		begun := time.Now()
		for !final(attemptOf(t, &f, "a"), t, unknown) {
			require.Less(t, time.Since(begun), 40*time.Minute)
			time.Sleep(time.Minute)
			waits(t, &f)
			time.Sleep(time.Minute)
		}
		require.Equal(t, 2*(patience+time.Minute), time.Since(begun))
	})
	synctest.Test(t, func(t *testing.T) {
		var f failures
		require.False(t, final(attemptOf(t, &f, "a"), t, unknown))
		for range 2 { // the pause after a wait is a part of it
			waits(t, &f)
			time.Sleep(patience)
			require.False(t, final(attemptOf(t, &f, "a"), t, unknown))
		}
		for range 8 * 60 {
			time.Sleep(time.Minute)
			waits(t, &f)
		}
		time.Sleep(time.Minute)
		require.False(t, final(attemptOf(t, &f, "a"), t, unknown), "a wait of hours begins the count again")
		time.Sleep(patience)
		require.False(t, final(attemptOf(t, &f, "a"), t, unknown))
	})
}

// Where staging is away, files are left after some minutes: they must not keep a run from ending.
func TestFilesAreLeftWhereTheyCannotBeRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f failures
		leave := func() (app *temporal.ApplicationError) {
			ctx := attemptOf(t, &f, "a")
			away := translate(ctx, staging.ErrUnavailable, where{doing: "remove the staged files of shop.orders"})
			require.ErrorAs(t, leaveSoon(ctx, away), &app)
			require.Equal(t, failure.StagingUnavailable, app.Type())
			return app
		}
		require.False(t, leave().NonRetryable())
		time.Sleep(tidyPatience + time.Second)
		require.True(t, leave().NonRetryable())
	})
}

func TestStepsThatFailAreForgotten(t *testing.T) {
	var f failures
	for i := range 2 * mostFailing {
		f.seen(fmt.Sprint(i), failure.Unexpected, time.Now())
	}
	require.LessOrEqual(t, len(f.steps), mostFailing)
	for err, lasts := range map[error]bool{
		nil: false, context.Canceled: false,
		invalidInput("x", ""): false, errors.New("unknown"): true,
		translate(t.Context(), staging.ErrUnavailable, where{}): true,
	} {
		require.Equal(t, lasts, mayLast(err), "%v", err)
	}
}

// A lock wait is no server that does not answer.
func TestALockWaitHasATypeOfItsOwn(t *testing.T) {
	for number, typ := range map[uint16]string{
		1205: failure.LockWait, 1213: failure.LockWait,
		2013: failure.ServerUnavailable, 1526: failure.RowRejected, 1040: failure.ServerFull,
	} {
		err := mysqlerr.Safe(&mysql.MySQLError{Number: number, Message: "s3cret"})
		var app *temporal.ApplicationError
		require.ErrorAs(t, translate(t.Context(), err, where{connection: "warehouse", doing: "write a chunk"}), &app)
		require.Equal(t, typ, app.Type(), number)
		require.Equal(t, typ == failure.RowRejected, app.NonRetryable(), number)
		require.NotContains(t, app.Message(), "s3cret")
		if typ == failure.LockWait && number == 1205 {
			require.Contains(t, app.Message(), "sys.innodb_lock_waits")
		}
	}
}

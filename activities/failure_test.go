package activities

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/staging"
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

func TestCredentialsThatStayExpiredAreGivenUp(t *testing.T) {
	typ, opts := retryOfStaging(staging.ErrCredentials, patience+time.Second)
	require.Equal(t, failure.StagingRejected, typ)
	require.True(t, opts.NonRetryable)
	_, opts = retryOfStaging(staging.ErrUnavailable, 100*patience)
	require.False(t, opts.NonRetryable, "an outage is waited for")
	typ, _ = retryOfStaging(errors.New("other"), 0)
	require.Empty(t, typ)
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

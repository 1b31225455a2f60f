package activities

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/staging"
)

// Staging's own errors say whether waiting helps; a database is never blamed for them.
func TestErrorsOfStagingHaveTypesOfTheirOwn(t *testing.T) {
	for _, c := range []struct {
		err   error
		typ   string
		final bool
	}{
		{staging.ErrFull, TypeStagingFull, false},
		{staging.ErrUnavailable, TypeStagingUnavailable, false},
		{staging.ErrCredentials, TypeStagingRejected, false},
		{staging.ErrRejected, TypeStagingRejected, true},
		{staging.ErrNotFound, TypeStagedFileCorrupt, true},
		{staging.ErrCorrupt, TypeStagedFileCorrupt, true},
	} {
		err := translate(t.Context(), fmt.Errorf("reading a: %w", c.err), where{connection: "warehouse", doing: "write a chunk"})
		var app *temporal.ApplicationError
		require.ErrorAs(t, err, &app)
		require.Equal(t, c.typ, app.Type())
		require.Equal(t, c.final, app.NonRetryable(), c.typ)
		if c.typ != TypeStagedFileCorrupt {
			require.NotContains(t, app.Message(), "warehouse")
		}
	}
}

func TestCredentialsThatStayExpiredAreGivenUp(t *testing.T) {
	typ, opts := retryOfStaging(staging.ErrCredentials, patience+time.Second)
	require.Equal(t, TypeStagingRejected, typ)
	require.True(t, opts.NonRetryable)
	_, opts = retryOfStaging(staging.ErrUnavailable, 100*patience)
	require.False(t, opts.NonRetryable, "an outage is waited for")
	typ, _ = retryOfStaging(errors.New("other"), 0)
	require.Empty(t, typ)
}

package activities

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/files"
)

// A store of files that does not answer is waited for.
func TestAStoreOfFilesThatIsAway(t *testing.T) {
	away := fmt.Errorf("%w: no answer", files.ErrUnavailable)
	err := translateFiles(t.Context(), away, where{doing: "list the files"})
	var app *temporal.ApplicationError
	require.True(t, errors.As(err, &app))
	require.Equal(t, failure.FilesUnavailable, app.Type())
	require.False(t, app.NonRetryable())
}

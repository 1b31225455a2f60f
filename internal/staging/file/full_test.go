package file

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
)

func TestAFullDiskSaysSo(t *testing.T) {
	s := &Store{path: "/var/lib/tablehaul"}
	for _, cause := range []error{syscall.ENOSPC, syscall.EDQUOT} {
		err := s.full(&fs.PathError{Op: "write", Path: ".tmp/x", Err: cause})
		require.ErrorIs(t, err, staging.ErrFull)
		require.ErrorIs(t, err, cause)
		require.ErrorContains(t, err, "no room left in /var/lib/tablehaul")
	}
	other := errors.New("other")
	require.Equal(t, other, s.full(other))
}

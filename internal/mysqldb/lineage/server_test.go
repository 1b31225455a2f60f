package lineage

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestIncludesPositions(t *testing.T) {
	for _, c := range []struct {
		now, known string
		want       bool
	}{
		{"0-1-42", "0-1-42", true},
		{"0-2-43", "0-1-42", true}, // another server of the same domain has written since
		{"0-1-41", "0-1-42", false},
		{"0-1-50,1-3-7", "1-3-7,0-1-42", true},
		{"0-1-50", "0-1-42,1-3-7", false},
		{"", "0-1-42", false},
		{"0-1-42", "", true},
		{"nonsense", "0-1-42", false},
		{"0-1-42", "0-1-x", false},
	} {
		require.Equal(t, c.want, includesPositions(c.now, c.known), "%+v", c)
	}
}

// A clock that was set back to before the server's start makes Uptime wrap around.
func TestUptimeIsSigned(t *testing.T) {
	require.Equal(t, 42*time.Second, uptimeOf("42"))
	require.Equal(t, -300*time.Second, uptimeOf("18446744073709551316"))
	require.Zero(t, uptimeOf("soon"))
}

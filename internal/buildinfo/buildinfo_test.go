package buildinfo

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInfoForPeople(t *testing.T) {
	require.Equal(t, "v1.2.3 (commit 0123456789ab of 2026-01-02T03:04:05Z, go1.26.0, linux/arm64)", Info{
		Version: "v1.2.3", Commit: "0123456789abcdef0123456789abcdef01234567", Date: "2026-01-02T03:04:05Z",
		Go: "go1.26.0", Platform: "linux/arm64",
	}.String())
	require.Equal(t, "devel (commit 01, with changes, go1.26.0, linux/arm64)",
		Info{Version: "devel", Commit: "01", Modified: true, Go: "go1.26.0", Platform: "linux/arm64"}.String())
	require.Equal(t, "unknown (go1.26.0, linux/arm64)", Info{Go: "go1.26.0", Platform: "linux/arm64"}.String())
}

func TestABuildKnowsItsGo(t *testing.T) {
	i := Read()
	require.Equal(t, runtime.Version(), i.Go)
	require.NotEmpty(t, i.Version)
}

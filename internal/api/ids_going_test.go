package api

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A schedule appends the time to the ids of what it starts.
func TestIDsOfSchedulesNameTheirTables(t *testing.T) {
	const at = "-2024-05-01T12:00:00Z"
	for _, queue := range []string{DefaultTaskQueue, "night@shift"} {
		for _, name := range []string{"shop.orders", "größe.a@b"} {
			for _, end := range []string{"", at} {
				require.Equal(t, name, TableOfSyncID(queue, SyncTableID(queue, name)+end))
				require.Equal(t, name, TableOfComparisonID(queue, VerifyTableID(queue, name)+end))
				sweep := SweepTableID(queue, name) + end
				require.Equal(t, name, TableOfComparisonID(queue, sweep))
				require.True(t, IsSweepID(sweep))
			}
		}
	}
}

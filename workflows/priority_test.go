package workflows_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/workflows"
)

func TestFairnessKeysAreDifferentAndShort(t *testing.T) {
	long := strings.Repeat("ä", 64) + "."
	a, b := workflows.Priority(long+"a", 1), workflows.Priority(long+"b", 1)
	require.Len(t, a.FairnessKey, 64)
	require.NotEqual(t, a, b)
	require.Equal(t, "shop.orders", workflows.Priority("shop.orders", 0).FairnessKey)
}

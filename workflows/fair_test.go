package workflows_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/workflows"
)

func TestFairnessKeysAreDifferentAndShort(t *testing.T) {
	long := strings.Repeat("ä", 64) + "."
	a, b := workflows.Fair(long+"a", 1), workflows.Fair(long+"b", 1)
	require.Len(t, a.FairnessKey, 64)
	require.NotEqual(t, a, b)
	require.Equal(t, "shop.orders", workflows.Fair("shop.orders", 0).FairnessKey)
}

package owner_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

func TestIDTextIsPrintableASCIIAndReadsBack(t *testing.T) {
	for name, want := range map[string]string{
		"shop.orders":            "shop.orders",
		"shop.`a b'c\"`":         "shop.`a b'c\"`",
		"größe.☃":                "gr%u00F6%u00DFe.%u2603",
		"50%u0041.x":             "50%u0025u0041.x",
		"a@b.c":                  "a%u0040b.c",
		"emoji.😀\n":              "emoji.%U01F600%u000A",
		strings.Repeat("中", 128): strings.Repeat("%u4E2D", 128),
	} {
		require.Equal(t, want, api.IDText(name))
		require.Equal(t, name, api.TableOfID(api.DefaultTaskQueue, want))
		require.Less(t, len(want), 900)
	}
}

func TestTwoTaskQueuesHaveIDsOfTheirOwn(t *testing.T) {
	seen := map[string]string{}
	for _, queue := range []string{api.DefaultTaskQueue, "haul-eu", "haul-us", "größe"} {
		for _, tbl := range []string{"shop.o", "shop.o@haul-eu", "shop.`o@haul-us`"} {
			id := owner.WorkflowID(queue, tbl)
			require.Empty(t, seen[id])
			seen[id] = queue + " " + tbl
			require.Equal(t, tbl, owner.TableOf(queue, id))
		}
	}
}

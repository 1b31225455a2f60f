package staging_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

func TestKeysReadLikeTheRun(t *testing.T) {
	orders := table.Name{Schema: "shop", Table: "orders"}
	run := "0198a3f2-7b1c-7d6e-9f00-123456789abc"
	require.Equal(t, "shop.orders/"+run+"/00003/part-00012-2.parquet", staging.PartKey(orders, run, 3, 0, 12, "2"))
	require.Equal(t, "shop.orders/"+run+"/00003/00007/part-00012-2.parquet",
		staging.PartKey(orders, run, 3, 7, 12, "2"))
	require.Equal(t, "shop.orders/"+run+"/00003/manifest.json", staging.ManifestKey(orders, run, 3, 0))
	require.Equal(t, "shop.orders/"+run+"/00003/00007/manifest.json", staging.ManifestKey(orders, run, 3, 7))
	require.Equal(t, "shop.orders/"+run+"/plan.json", staging.PlanKey(orders, run))
	require.Equal(t, "shop.orders/"+run+"/00003/", staging.RangePrefix(orders, run, 3))
	require.Equal(t, "shop.orders/"+run+"/", staging.RunPrefix(orders, run))
	require.Equal(t, "shop.orders/", staging.TablePrefix(orders))
}

// oddNames are table names that MySQL takes and that are no good as folder names.
var oddNames = []table.Name{
	{Schema: "shop", Table: "orders"},
	{Schema: "shop", Table: "Orders"},
	{Schema: "SHOP", Table: "orders"},
	{Schema: "shop.orders", Table: "x"},
	{Schema: "shop", Table: "orders.x"},
	{Schema: "shop", Table: "orders`x"},
	{Schema: "shop", Table: "a/b"},
	{Schema: "shop", Table: "a_b"},
	{Schema: "shop", Table: "a\\b"},
	{Schema: "shop", Table: "a b"},
	{Schema: "..", Table: ".."},
	{Schema: ".", Table: "."},
	{Schema: "...", Table: "/"},
	{Schema: "../../etc", Table: "passwd"},
	{Schema: "a", Table: "`; DROP TABLE x;--"},
	{Schema: "a", Table: "%2e%2e"},
	{Schema: "a", Table: "b~c"},
	{Schema: "con", Table: "\n\r\t\x01"},
	{Schema: "ä", Table: "größe"},
	{Schema: strings.Repeat("😀", 64), Table: strings.Repeat("😀", 64)},
	{Schema: strings.Repeat("😀", 64), Table: strings.Repeat("😀", 63) + "😁"},
	{Schema: strings.Repeat("x", 64), Table: strings.Repeat("y", 64)},
	{Schema: strings.Repeat("x", 64), Table: strings.Repeat("Y", 64)},
}

func TestOddNamesMakeSafeKeysThatNeverCollide(t *testing.T) {
	seen := map[string]string{}
	for _, name := range oddNames {
		for _, run := range []string{
			"run", "RUN", "../..", "", ".", "tablehaul/shop.orders/2026-01-01T00:00:00Z",
			strings.Repeat("r", 1000),
		} {
			for _, key := range []string{
				staging.PartKey(name, run, 99999, 99999, 99999, "attempt/../"+run),
				staging.ManifestKey(name, run, 0, 0),
				staging.PlanKey(name, run),
			} {
				require.NoError(t, staging.CheckKey(key))
				require.True(t, staging.Ours(key), key)
				require.True(t, strings.HasPrefix(key, staging.RunPrefix(name, run)))
				for segment := range strings.SplitSeq(key, "/") {
					require.LessOrEqual(t, len(segment), 255)
				}
				// File systems that ignore case are among them.
				folded := strings.ToLower(key)
				source := fmt.Sprintf("%q %q", name, run)
				require.Empty(t, seen[folded], "%s and %s", seen[folded], source)
				seen[folded] = source
			}
		}
	}
}

func TestATablesPrefixIsNotThatOfAnother(t *testing.T) {
	for _, a := range oddNames {
		for _, b := range oddNames {
			if a != b {
				require.False(t, strings.HasPrefix(staging.PlanKey(a, "r"), staging.TablePrefix(b)), "%v %v", a, b)
			}
		}
	}
}

func TestOursKnowsOnlyWhatTheBuildersMake(t *testing.T) {
	for _, key := range []string{
		"manifest.json", "t/manifest.json", "t/r/0/notes.txt", "t/r/0/part-1-a.parquet",
		"t/r/0/part-00000-a.parquet.bak", "t/r/0/xpart-00000-a.parquet",
		"t/r/../manifest.json", "t/r/0/PART-00000-a.parquet", "",
	} {
		require.False(t, staging.Ours(key), key)
	}
}

package table_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

func TestTablesOfOnlineSchemaChangesAreTold(t *testing.T) {
	long := strings.Repeat("x", 63)
	for _, c := range []struct {
		name   string
		beside []string
		left   bool
	}{
		{"_orders_gho", nil, true},
		{"tablehaul_state", nil, true},
		{"tablehaul_new_orders", []string{"orders"}, true},
		{"TABLEHAUL_OLD_orders", nil, true},
		{"tablehaul_news", nil, false},
		{"_orders_ghc", []string{"orders"}, true},
		{"_orders_del", []string{"orders"}, true},
		{"_orders_20240131120000_del", []string{"orders"}, true},
		{"_orders_new", []string{"orders"}, true},
		{"__orders_old", []string{"orders"}, true},
		{"__own_new", []string{"_own"}, true},
		{"_" + long[:59] + "_del", []string{long}, true},
		{"_orders_del", nil, false},
		{"_orders_new", []string{"order"}, false},
		{"orders_new", []string{"orders"}, false},
		{"orders_gho", []string{"orders"}, false},
		{"_new", []string{"orders", ""}, false},
		{"_orders_news", []string{"orders"}, false},
	} {
		names := []table.Name{{Schema: "shop", Table: c.name}}
		for _, other := range c.beside {
			names = append(names, table.Name{Schema: "shop", Table: other})
		}
		kept, left := table.WithoutOnlineChanges(names)
		require.Len(t, kept, len(names)-len(left), c.name)
		require.Equal(t, c.left, len(left) == 1 && left[0] == names[0], "%s beside %v: left out %v", c.name, c.beside,
			left)
	}
}

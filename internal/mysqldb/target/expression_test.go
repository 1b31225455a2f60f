package target

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

func TestExpressionsForMariaDBHaveNoIntroducers(t *testing.T) {
	maria, my := mysqldb.Server{Flavor: mysqldb.FlavorMariaDB}, mysqldb.Server{Flavor: mysqldb.FlavorMySQL}
	for _, c := range [][2]string{
		{"concat(_utf8mb4'a\\\\',`a`)", "concat('a\\\\',`a`)"},
		{"_utf8mb4'x'", "'x'"},
		{"concat('_utf8mb4''a',_utf8mb4'\\'')", "concat('_utf8mb4''a','\\'')"},
		{"`a_utf8mb4` + `_utf8mb4'` + _utf8mb4'b'", "`a_utf8mb4` + `_utf8mb4'` + 'b'"},
		{"(`a` + 1)", "(`a` + 1)"},
		{"_latin1'a'", "_latin1'a'"},
		{"concat(_utf8mb4'it\\'s _utf8mb4\\'',`x`)", "concat('it\\'s _utf8mb4\\'',`x`)"},
	} {
		expression, want := c[0], c[1]
		require.Equal(t, want, expressionFor(maria, expression))
		require.Equal(t, expression, expressionFor(my, expression))
	}
}

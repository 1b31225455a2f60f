package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

// problemsOf are the problems of a file, one a line.
func problemsOf(t *testing.T, text string, getenv func(string) string) []string {
	t.Helper()
	_, err := config.Load(strings.NewReader(text), getenv)
	var problems *config.Problems
	require.True(t, errors.As(err, &problems), "%v", err)
	var out []string
	for _, p := range problems.List {
		out = append(out, p.String())
	}
	return out
}

const twoTables = `
tables:
  - { name: shop.a, target: dw.a }
  - { name: shop.b, target: dw.b }
`

// One slip of the pen is one problem, however much would be missing without what it means.
func TestASlipOfThePenIsOneProblem(t *testing.T) {
	t.Parallel()
	const connections = "connections: { a: { dsn: \"u@tcp(h)/\" }, b: { dsn: \"u@tcp(i)/\" } }\n" +
		"staging: { url: \"file:///tmp/x\" }\n"
	no := func(string) string { return "" }
	require.Equal(t, []string{"defualts: unknown key (line 3); did you mean defaults?"}, problemsOf(t,
		connections+"defualts: { sourceConnection: a, targetConnection: b }"+twoTables, no))
	require.Equal(t, []string{"defaults.sourceConection: unknown key (line 3); did you mean sourceConnection?"},
		problemsOf(t, connections+"defaults: { sourceConection: a, targetConnection: b }"+twoTables, no))
	require.Equal(t, []string{
		"tables[0].targetConnection: is missing (line 5); set defaults.targetConnection to a name in connections; " +
			"that holds for every table",
	}, problemsOf(t, connections+"defaults: { sourceConnection: a }"+twoTables, no))
}

// A variable that is set to nothing is no DSN.
func TestAnEmptyDSNIsAProblem(t *testing.T) {
	t.Parallel()
	got := problemsOf(t, "connections: { a: { dsn: \"${SHOP_DSN}\" } }\nstaging: { url: \"file:///tmp/x\" }\n"+
		"defaults: { sourceConnection: a, targetConnection: a }"+twoTables, func(string) string { return " " })
	require.Equal(t, []string{
		"connections.a.dsn: is empty (line 1); write it as user:password@tcp(host:3306)/, or set the variable or " +
			"file that it comes from",
	}, got)
}

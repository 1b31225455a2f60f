package failure_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
)

var update = flag.Bool("update", false, "write the table of failures in docs/operations.md again")

// Every failure type that the code has is in the guide, and once.
func TestGuideHasEveryFailureType(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "types.go", nil, 0)
	require.NoError(t, err)
	declared := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && spec.Names[0].Name != "WrongHost" {
			text := spec.Values[0].(*ast.BasicLit).Value
			declared[strings.Trim(text, `"`)] = true
		}
		return true
	})
	require.Greater(t, len(declared), 10)
	for _, end := range []string{failure.EndCancelled, failure.EndTerminated, failure.EndTimedOut} {
		declared[end] = true
	}
	for _, a := range failure.Guide {
		require.True(t, declared[a.Type], "%s twice, or no failure type", a.Type)
		delete(declared, a.Type)
		require.NotEmpty(t, a.Means, a.Type)
		require.NotEmpty(t, a.Do, a.Type)
	}
	require.Empty(t, declared, "failure types without advice")
}

const begin, end = "<!-- begin failures -->\n", "<!-- end failures -->\n"

func TestDocsHoldTheGuide(t *testing.T) {
	const path = "../../docs/operations.md"
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok)
	var b strings.Builder
	b.WriteString("| Type | Means | Look at | Do |\n|---|---|---|---|\n")
	for _, a := range failure.Guide {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", a.Type, a.Means, a.Look, a.Do)
	}
	want := before + begin + strings.ReplaceAll(b.String(), " TABLE`", " shop.orders`") + end + after
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(want), 0o644))
	}
	require.Equal(t, want, string(text), "run: go test ./internal/failure -run TestDocsHoldTheGuide -update")
}

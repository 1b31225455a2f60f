package tools_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxFunction is the lines of a function, its first and last included. A linter holds the code of the product to it,
// and TestFunctionsOfTestsAreShort that of its tests.
const maxFunction = 60

func TestFunctionsOfTestsAreShort(t *testing.T) {
	for _, path := range texts(t) {
		if !strings.HasSuffix(path, "_test.go") {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			lines := fset.Position(f.End()).Line - fset.Position(f.Pos()).Line + 1
			if lines <= maxFunction {
				continue
			}
			t.Errorf("%s:%d: %s has %d lines; write at most %d: tables of cases are variables, and a test has "+
				"one subject", path[3:], fset.Position(f.Pos()).Line, f.Name.Name, lines, maxFunction)
		}
	}
}

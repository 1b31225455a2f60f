package source_test

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A call that would write to a source does not compile.
func TestASourceCannotBeWritten(t *testing.T) {
	t.Parallel()
	const before = `package p
import (
	"context"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/scan"
	"github.com/tablehaul/tablehaul/internal/mysqldb/source"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/mysqldb/upsert"
)
var _ = scan.ReadPages
var _ *mysqldb.DB
var _ *target.Target
var _ upsert.Spec
func f(ctx context.Context, s *source.Source, db *mysqldb.DB) { `
	fset := token.NewFileSet()
	conf := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	check := func(statement, x string) error {
		file, err := parser.ParseFile(fset, "p.go", before+strings.ReplaceAll(statement, "X", x)+" }", 0)
		require.NoError(t, err)
		_, err = conf.Check("p", fset, []*ast.File{file}, nil)
		return err
	}
	for _, reading := range []string{
		"_, _ = scan.ReadPages(ctx, X, scan.ReadSpec{}, nil)",
		"var _ mysqldb.Reader = X",
	} {
		require.NoError(t, check(reading, "db"), reading)
		require.NoError(t, check(reading, "s"), reading)
	}
	for _, writing := range []string{
		"_, _ = upsert.WriteChunk(ctx, X, upsert.Spec{}, nil, nil)",
		"_ = target.New(X)",
		"_, _ = X.ExecContext(ctx, \"DELETE FROM t\")",
		"_, _ = X.BeginTx(ctx, nil)",
		"_, _ = X.Conn(ctx)",
		"var _ mysqldb.Querier = X",
	} {
		require.NoError(t, check(writing, "db"), writing)
		require.Error(t, check(writing, "s"), writing)
	}
}

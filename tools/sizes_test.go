package tools_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	// maxFile is the lines of a file of Go.
	maxFile = 300
	// maxConnection is the lines of the package of connections, its tests apart: what knows a table has a package
	// below it.
	maxConnection = 1000
)

func TestFilesAreShort(t *testing.T) {
	connection := 0
	for _, path := range texts(t) {
		if filepath.Ext(path) != ".go" {
			continue
		}
		n := len(lines(t, path))
		if n > maxFile {
			t.Errorf("%s has %d lines; write at most %d: one idea a file", path[3:], n, maxFile)
		}
		if filepath.Dir(path) == "../internal/mysqldb" && !strings.HasSuffix(path, "_test.go") {
			connection += n
		}
	}
	if connection > maxConnection {
		t.Errorf("internal/mysqldb has %d lines; keep at most %d there", connection, maxConnection)
	}
	require.Positive(t, connection)
}

// A package says what it is in doc.go, a program in main.go.
func TestEachPackageSaysWhatItIs(t *testing.T) {
	says := map[string]bool{}
	for _, path := range texts(t) {
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			continue
		}
		dir := filepath.Dir(path)
		says[dir] = says[dir] || false
		if name := filepath.Base(path); name == "doc.go" || name == "main.go" {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly|parser.ParseComments)
			require.NoError(t, err)
			says[dir] = says[dir] || file.Doc != nil
		}
	}
	require.Greater(t, len(says), 80)
	for dir, ok := range says {
		if !ok {
			t.Errorf("%s has no package comment in doc.go", dir[3:])
		}
	}
}

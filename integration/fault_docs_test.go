package integration_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The table of faults names tests that exist, and no test of a fault is missing in it.
func TestReliabilityTableIsComplete(t *testing.T) {
	text, err := os.ReadFile("../docs/reliability.md")
	require.NoError(t, err)
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	all := map[string]bool{}
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := filepath.Base(path)
		for _, m := range declared.FindAllStringSubmatch(string(source), -1) {
			all[m[1]] = true
			fault := strings.HasPrefix(name, "fault") || name == "lossless_test.go"
			elsewhere := strings.Contains(path, "mysqldb") || strings.Contains(path, "/bench/")
			if fault && !elsewhere && m[1] != t.Name() {
				require.Contains(t, string(text), "`"+m[1]+"`", "docs/reliability.md")
			}
		}
		return nil
	}))
	named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1)
	require.NotEmpty(t, named)
	for _, m := range named {
		require.True(t, all[m[1]], "docs/reliability.md names %s, which does not exist", m[1])
	}
}

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A command in a block of code or in backticks, up to a comment, a pipe or a semicolon.
var (
	blockCommand  = regexp.MustCompile(`(?m)^\s*(tablehaul [a-z][^#|;\n]*)`)
	inlineCommand = regexp.MustCompile("`(tablehaul [a-z][^`|;]*)`")
)

// Every tablehaul command that the docs show is one that there is, with flags that it takes.
func TestCommandsOfTheDocsExist(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	seen := 0
	for _, path := range append(files, "../README.md") {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		for i, part := range strings.Split(string(content), "```") {
			pattern := inlineCommand
			if i%2 == 1 {
				pattern = blockCommand
			}
			for _, m := range pattern.FindAllStringSubmatch(part, -1) {
				seen++
				requireCommand(t, path, m[1])
			}
		}
	}
	require.Greater(t, seen, 40)
}

func requireCommand(t *testing.T, path, line string) {
	t.Helper()
	a, _, _ := testApp(t, nil, nil)
	cmd, rest, err := a.rootCommand().Find(words(line)[1:])
	require.NoError(t, err, "%s: %s", path, line)
	require.NotEqual(t, "tablehaul", cmd.Name(), "%s: %s", path, line)
	require.NoError(t, cmd.ParseFlags(rest), "%s: %s", path, line)
}

// words splits a line as a shell does, as far as the docs go.
func words(line string) []string {
	var out []string
	for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		out = append(out, m[1]+m[2])
	}
	return out
}

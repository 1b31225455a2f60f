package integration_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Endings of a run that Temporal reports and no worker: they are in the table, and need no runbook.
var endings = []string{"Cancelled", "Terminated", "TimedOut"}

// Every failure type has a row in the table of operations.md and an entry in its runbook, and
// neither has one that does not exist.
func TestTheRunbookHasEveryFailureType(t *testing.T) {
	source, err := os.ReadFile("../internal/failure/types.go")
	require.NoError(t, err)
	var types []string
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)\s*= "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		if m[1] == m[2] { // WrongHost and others that a run never ends with have another name in code
			types = append(types, m[2])
		}
	}
	slices.Sort(types)
	require.Contains(t, types, "RowRejected")

	text, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	require.Equal(t, types, inSection(t, string(text), "Runbook", `(?m)^### (\w+)$`))
	rows := inSection(t, string(text), "Failures", `(?m)^\| (\w+) \|`)
	rows = slices.DeleteFunc(rows, func(s string) bool { return s == "Type" || slices.Contains(endings, s) })
	require.Equal(t, types, rows)
}

// inSection are the sorted matches of a pattern in a page's section.
func inSection(t *testing.T, text, section, pattern string) []string {
	t.Helper()
	_, text, found := strings.Cut(text, "\n## "+section+"\n")
	require.True(t, found, section)
	text, _, _ = strings.Cut(text, "\n## ")
	var all []string
	for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	slices.Sort(all)
	return all
}

// Tests, files, pictures and headings that the pages name exist.
func TestWhatTheDocsNameExists(t *testing.T) {
	declared := map[string]bool{}
	require.NoError(t, filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(source), -1) {
			declared[m[1]] = true
		}
		return err
	}))
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1) {
			require.True(t, declared[m[1]], "%s names %s, which does not exist", page, m[1])
		}
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(string(text), -1) {
			link(t, page, m[1])
		}
	}
}

// link follows a link within the repository.
func link(t *testing.T, page, to string) {
	t.Helper()
	if strings.Contains(to, "://") {
		return
	}
	path, anchor, _ := strings.Cut(to, "#")
	file := page
	if path != "" {
		file = filepath.Join(filepath.Dir(page), path)
	}
	if info, err := os.Stat(file); err == nil && info.IsDir() && anchor == "" {
		return
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err, "%s links to %s", page, to)
	if anchor == "" {
		return
	}
	var anchors []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$|<a id="([^"]+)">`).FindAllStringSubmatch(string(text), -1) {
		anchors = append(anchors, slug(m[1]), m[2])
	}
	require.Contains(t, anchors, anchor, "%s links to %s", page, to)
}

// slug is a heading's anchor, as GitHub makes it.
func slug(heading string) string {
	kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}

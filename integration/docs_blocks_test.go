package integration_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A block is a fenced block of a page, or a command within its text.
type block struct {
	page string
	line int
	// lang is the fence's language; "inline" for a command within text.
	lang string
	text string
	// why says why it is not run, exit what it ends with: the comment above the fence.
	why  string
	exit string
}

func (b block) String() string { return fmt.Sprintf("%s:%d", b.page, b.line) }

var (
	fenceLine = regexp.MustCompile("^(\\s*)```(\\S*)\\s*$")
	// marks stand on the line above a fence: <!-- not run: it needs systemd --> or <!-- exit: 2 -->
	markLine   = regexp.MustCompile(`^\s*<!-- (not run|exit): (.+) -->\s*$`)
	inlineText = regexp.MustCompile("`((?:tablehaul|temporal|make) [a-z][^`]*)`")
	// commands begin like this; a fence that holds one has to say that it is sh.
	command = regexp.MustCompile(`(?m)^\s*(tablehaul|temporal|make|tablehaul-worker|tablehaul-standalone|docker|systemctl) [a-z-]`)
)

// blocks are those of a page, in the order in which they stand there.
func blocks(t *testing.T, page, text string) []block {
	t.Helper()
	var all []block
	var open *block
	indent, mark := "", []string(nil)
	for i, line := range strings.Split(text, "\n") {
		m := fenceLine.FindStringSubmatch(line)
		switch {
		case m != nil && open == nil:
			open = &block{page: page, line: i + 1, lang: m[2]}
			indent = m[1]
			if mark != nil && mark[1] == "exit" {
				open.exit = mark[2]
			} else if mark != nil {
				open.why = mark[2]
			}
		case m != nil:
			require.Empty(t, m[2], "%s:%d: a fence within a fence", page, i+1)
			all = append(all, *open)
			open = nil
		case open != nil:
			open.text += strings.TrimPrefix(line, indent) + "\n"
		default:
			for _, c := range inlineText.FindAllStringSubmatch(line, -1) {
				all = append(all, block{page: page, line: i + 1, lang: "inline", text: c[1]})
			}
		}
		mark = markLine.FindStringSubmatch(line)
		if open == nil && strings.HasPrefix(strings.TrimSpace(line), "<!-- not run") {
			require.NotNil(t, mark, "%s:%d: a mark is <!-- not run: REASON -->", page, i+1)
		}
	}
	require.Nil(t, open, "%s: a fence is not closed", page)
	return all
}

// pages are the README and everything below docs, in the order of their names.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("../docs/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, found)
	slices.Sort(found)
	return append([]string{"../README.md"}, found...)
}

func pageBlocks(t *testing.T, path string) []block {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return blocks(t, strings.TrimPrefix(path, "../"), string(text))
}

// No command hides in a fence that the test of commands would not look at.
func TestFencesWithCommandsSaySo(t *testing.T) {
	for _, page := range pages(t) {
		for _, b := range pageBlocks(t, page) {
			if b.lang == "" {
				require.False(t, command.MatchString(b.text), "%s: it holds a command, so the fence begins with ```sh",
					b)
			}
			require.NotContains(t, []string{"bash", "shell", "console"}, b.lang, "%s: write ```sh", b)
		}
	}
}

func TestBlocksOfAPage(t *testing.T) {
	text := "Say `tablehaul status`.\n\n  ```sh\n  tablehaul plan x\n    indented\n  ```\n<!-- not run: it needs " +
		"systemd -->\n```sh\nsystemctl start x\n```\n" +
		"<!-- exit: 2 -->\n```sh\nfalse\n```\n```sql\nSELECT 1;\n```\n```\nplain\n```\n"
	require.Equal(t, []block{
		{page: "p", line: 1, lang: "inline", text: "tablehaul status"},
		{page: "p", line: 3, lang: "sh", text: "tablehaul plan x\n  indented\n"},
		{page: "p", line: 8, lang: "sh", text: "systemctl start x\n", why: "it needs systemd"},
		{page: "p", line: 12, lang: "sh", text: "false\n", exit: "2"},
		{page: "p", line: 15, lang: "sql", text: "SELECT 1;\n"},
		{page: "p", line: 18, lang: "", text: "plain\n"},
	}, blocks(t, "p", text))
}

package integration_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// escapes are what a terminal does not print.
var escapes = regexp.MustCompile(`\x1b\[[0-9;?]*[A-Za-z]`)

// onTerminal runs tablehaul on a terminal of so many columns, and returns the lines that it prints.
func (p *product) onTerminal(columns int, env, args string) (text string, lines []string) {
	p.t.Helper()
	script, err := servers.Program("script", "bsdutils")
	require.NoError(p.t, err)
	got := p.shell(fmt.Sprintf("SHELL=/bin/bash '%s' -qec 'stty cols %d rows 30; %s tablehaul --task-queue %s %s' "+
		"/dev/null < /dev/null", script, columns, env, p.queue, args))
	require.Zero(p.t, got.code, "%s: %s%s", args, got.stdout, got.stderr)
	return got.stdout, strings.Split(strings.ReplaceAll(escapes.ReplaceAllString(got.stdout, ""), "\r", ""), "\n")
}

func requireFits(t *testing.T, columns int, lines []string) {
	t.Helper()
	for _, line := range lines {
		require.LessOrEqual(t, utf8.RuneCountInString(line), columns, "%s", strings.Join(lines, "\n"))
	}
}

// TestNarrowTerminalsAndClosedPipes looks at what people see on terminals of 20, 40 and 80 columns, without colours,
// without a terminal, and behind a pipe that is closed.
func TestNarrowTerminalsAndClosedPipes(t *testing.T) {
	t.Parallel()
	p := start(t, options{})
	exec(t, p.src, createT, insertT(1, 100))
	name := p.table("t")
	bars := regexp.MustCompile(`(?m)^.*\x1b\[J(.*)$`)
	for _, columns := range []int{20, 40, 80} {
		text, _ := p.onTerminal(columns, "", "run "+name)
		var frames []string
		for _, frame := range bars.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(frame[1], "Web UI: ") { // a line above the bar: a link is not cut
				frames = append(frames, strings.TrimRight(escapes.ReplaceAllString(frame[1], ""), "\r"))
			}
		}
		require.NotEmpty(t, frames, "%q", text)
		requireFits(t, columns, frames)

		text, lines := p.onTerminal(columns, "", "status")
		require.Contains(t, text, "\x1b[32mdone", "in colour")
		requireFits(t, max(columns, 40), lines) // one value a line where a table does not fit
		_, lines = p.onTerminal(columns, "", "history "+name)
		requireFits(t, 80, lines)
	}
	for _, env := range []string{"NO_COLOR=1", "TERM=dumb"} {
		text, _ := p.onTerminal(80, env, "status")
		require.Contains(t, text, "done")
		require.NotContains(t, text, "\x1b", env)
	}
	require.NotContains(t, p.cli("status"), "\x1b", "no terminal")
	require.NotContains(t, p.cli("run "+name), "\x1b", "no terminal")

	for _, line := range []string{
		"status | head -1", "status --output json | head -c 1", "history " + name + " | true",
		"run -q " + name + " | true",
		"plan " + name + " --output json | head -1", "explain " + name + " | head -1", "status >&-", "status 2>&-",
	} {
		got := p.shell("tablehaul --task-queue " + p.queue + " " + line)
		require.Contains(t, []int{0, 141}, got.code, "%s: %s", line, got.stderr) // 141 is that of SIGPIPE, said by bash
		require.NotRegexp(t, "(?i)error|broken|panic|bad file", got.stderr, line)
	}
}

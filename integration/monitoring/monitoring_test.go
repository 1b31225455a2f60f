package monitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const dir = "../../docs/monitoring"

// promtool runs it in a folder; what it finds wrong fails the test.
func promtool(t *testing.T, in string, args ...string) string {
	t.Helper()
	path, err := Promtool()
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = in
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func TestPrometheusTakesItsConfiguration(t *testing.T) {
	require.Contains(t, promtool(t, dir, "check", "config", "prometheus.yml"), "SUCCESS")
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	require.Contains(t, promtool(t, dir, "test", "rules", "alerts_test.yml"), "SUCCESS")

	alerts, err := Alerts(dir)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(alerts), 10)
	tests, err := os.ReadFile(filepath.Join(dir, "alerts_test.yml"))
	require.NoError(t, err)
	for _, a := range alerts {
		require.Regexp(t, `(?s)alertname: `+a.Alert+`\n\s+exp_alerts:\n\s+- exp_labels`, string(tests),
			"no test lets %s fire", a.Alert)
		require.Contains(t, []string{"critical", "warning"}, a.Labels["severity"], a.Alert)
		require.NotEmpty(t, a.Annotations["summary"], a.Alert)
		require.NotEmpty(t, a.Annotations["description"], a.Alert)
	}
}

// A test of alerts that passes with any rules would be worth nothing.
func TestAlertTestsSeeABrokenRule(t *testing.T) {
	copied := t.TempDir()
	for _, name := range []string{"alerts.yml", "alerts_test.yml"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		broken := strings.Replace(string(text), "(tablehaul_consecutive_failed_runs) > 0",
			"(tablehaul_consecutive_failed_runs) > 100", 1)
		require.NoError(t, os.WriteFile(filepath.Join(copied, name), []byte(broken), 0o600))
	}
	path, err := Promtool()
	require.NoError(t, err)
	cmd := exec.CommandContext(t.Context(), path, "test", "rules", "alerts_test.yml")
	cmd.Dir = copied
	out, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Contains(t, string(out), "TablehaulTableFailing")
}

func TestDashboardIsWhole(t *testing.T) {
	d, err := ReadDashboard(dir)
	require.NoError(t, err)
	require.Equal(t, "tablehaul", d.UID)
	ids := map[int]bool{}
	for i, p := range d.Panels {
		require.False(t, ids[p.ID], "panel %d is there twice", p.ID)
		ids[p.ID] = true
		require.NotEmpty(t, p.Title)
		require.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		if p.Type != "row" {
			require.NotEmpty(t, p.Description, p.Title)
			require.NotEmpty(t, p.Targets, p.Title)
		}
		for _, q := range d.Panels[:i] {
			apart := p.GridPos.X >= q.GridPos.X+q.GridPos.W || q.GridPos.X >= p.GridPos.X+p.GridPos.W ||
				p.GridPos.Y >= q.GridPos.Y+q.GridPos.H || q.GridPos.Y >= p.GridPos.Y+p.GridPos.H
			require.True(t, apart, "%q lies over %q", p.Title, q.Title)
		}
	}

	// promtool reads the expressions as rules.
	type rule map[string]string
	var rules []rule
	for _, e := range d.Expressions() {
		require.NotContains(t, e, "$", "a variable without a value")
		rules = append(rules, rule{"record": fmt.Sprintf("panel:expression:%d", len(rules)), "expr": e})
	}
	// JSON is YAML
	text, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "rules.yml")
	require.NoError(t, os.WriteFile(file, text, 0o600))
	require.Contains(t, promtool(t, ".", "check", "rules", file), "SUCCESS")
}

// docs/monitoring.md has a section for each alert.
func TestDocsExplainEveryAlert(t *testing.T) {
	docs, err := os.ReadFile("../../docs/monitoring.md")
	require.NoError(t, err)
	alerts, err := Alerts(dir)
	require.NoError(t, err)
	known := map[string]bool{}
	for _, a := range alerts {
		known[a.Alert] = true
		require.Contains(t, string(docs), "\n### "+a.Alert+"\n")
	}
	for _, m := range regexp.MustCompile(`(?m)^### (Tablehaul\w+)$`).FindAllStringSubmatch(string(docs), -1) {
		require.True(t, known[m[1]], "docs/monitoring.md explains %s, which does not exist", m[1])
	}
}

// What people ask of their data is in one row of the dashboard: compared when, what differs, which deletes wait, which
// rows are in quarantine.
func TestDashboardShowsComparisons(t *testing.T) {
	d, err := ReadDashboard(dir)
	require.NoError(t, err)
	var row string
	of := map[string][]string{}
	for _, p := range d.Panels {
		if p.Type == "row" {
			row = p.Title
			continue
		}
		for _, target := range p.Targets {
			of[row] = append(of[row], Named(target.Expr)...)
		}
	}
	require.ElementsMatch(t, []string{
		"tablehaul_verified_at_seconds", "tablehaul_rows_differing", "tablehaul_deletes_held",
		"tablehaul_quarantined_rows",
	}, of["Comparisons"])
}

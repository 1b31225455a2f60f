package monitoring

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Alert is one rule of alerts.yml.
type Alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// Alerts are those of the folder docs/monitoring.
func Alerts(dir string) ([]Alert, error) {
	text, err := os.ReadFile(filepath.Join(dir, "alerts.yml"))
	if err != nil {
		return nil, err
	}
	var file struct {
		Groups []struct {
			Rules []Alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("read the alerts: %w", err)
	}
	var all []Alert
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all, nil
}

// Dashboard is what matters here of Grafana's.
type Dashboard struct {
	Title  string  `json:"title"`
	UID    string  `json:"uid"`
	Panels []Panel `json:"panels"`
}

// Panel is one picture or row of a dashboard.
type Panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct{ X, Y, W, H int }
	Targets     []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

// ReadDashboard reads the dashboard of the folder docs/monitoring.
func ReadDashboard(dir string) (Dashboard, error) {
	var d Dashboard
	text, err := os.ReadFile(filepath.Join(dir, "grafana/dashboards/tablehaul.json"))
	if err != nil {
		return d, err
	}
	if err := json.Unmarshal(text, &d); err != nil {
		return d, fmt.Errorf("read the dashboard: %w", err)
	}
	return d, nil
}

// Expressions are all of the dashboard's, with values in the place of its variables.
func (d Dashboard) Expressions() []string {
	var out []string
	for _, p := range d.Panels {
		for _, t := range p.Targets {
			out = append(out, strings.NewReplacer("$__rate_interval", "5m", "$table", ".*").Replace(t.Expr))
		}
	}
	return out
}

var metric = regexp.MustCompile(`\b(tablehaul|temporal|process|go)_[a-z0-9_]+\b`)

// Named are the metrics that expressions name, each once.
func Named(expressions ...string) []string {
	var out []string
	for _, e := range expressions {
		out = append(out, metric.FindAllString(e, -1)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

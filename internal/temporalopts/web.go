package temporalopts

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// WebVariable names the environment variable with the address of the Web UI, where it cannot be derived.
const WebVariable = "TABLEHAUL_WEB_URL"

// uiPortOffset is what Temporal's development server, and tablehaul-standalone by default, add to their port.
const uiPortOffset = 1000

// Web builds links into Temporal's Web UI. The zero value knows no address, and builds empty links.
type Web struct {
	base      string // such as http://127.0.0.1:8233, without a slash at its end
	namespace string
}

// WebFromEnv returns the Web UI of the Temporal that the environment names: TABLEHAUL_WEB_URL, else the one that a
// server on this machine has beside it, else that of Temporal Cloud.
func WebFromEnv(getenv func(string) string) Web {
	opts, err := FromEnv(getenv)
	if err != nil {
		return Web{}
	}
	if base := strings.TrimRight(getenv(WebVariable), "/"); base != "" {
		return Web{base, opts.Namespace}
	}
	host, port, err := net.SplitHostPort(opts.HostPort)
	if err != nil {
		return Web{}
	}
	number, err := strconv.ParseUint(port, 10, 16)
	ip, ipErr := netip.ParseAddr(host)
	switch {
	case strings.HasSuffix(host, ".tmprl.cloud"), strings.HasSuffix(host, ".api.temporal.io"):
		return Web{"https://cloud.temporal.io", opts.Namespace}
	case err == nil && (host == "localhost" || ipErr == nil && ip.IsLoopback()):
		return Web{"http://" + net.JoinHostPort(host, strconv.FormatUint(number+uiPortOffset, 10)), opts.Namespace}
	default:
		return Web{}
	}
}

// WebAt returns the Web UI at an address of its own.
func WebAt(base, namespace string) Web { return Web{strings.TrimRight(base, "/"), namespace} }

// List links to the list of runs: those of SyncTable, and not the state workflows beside them.
func (w Web) List() string { return w.Query("WorkflowType = 'SyncTable'") }

// Query links to the list of the workflows that a visibility query selects.
func (w Web) Query(query string) string {
	if w.base == "" {
		return ""
	}
	return w.workflows() + "?query=" + url.QueryEscape(query)
}

// Run links to one execution; to the latest one of the workflow where run is empty.
func (w Web) Run(workflow, run string) string {
	if w.base == "" || workflow == "" {
		return ""
	}
	link := w.workflows() + "/" + url.PathEscape(workflow)
	if run != "" {
		link += "/" + url.PathEscape(run) + "/history"
	}
	return link
}

func (w Web) workflows() string {
	return w.base + "/namespaces/" + url.PathEscape(w.namespace) + "/workflows"
}

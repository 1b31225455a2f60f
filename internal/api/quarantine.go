package api

import (
	"cmp"
	"slices"
	"time"
)

// Quarantine is what of a table is in quarantine: rows that the target refused, and that runs have set aside.
type Quarantine struct {
	// Open rows count towards the table's limits. Waiting rows do not: the row that they refer to is missing, and the
	// next runs try them again.
	Open    int64 `json:"open"`
	Waiting int64 `json:"waiting,omitempty"`
	// Oldest is when the oldest of them was set aside, First what the target said of one: names and a key's hash.
	Oldest time.Time `json:"oldest,omitzero"`
	First  string    `json:"first,omitempty"`
	// Queue is that of the host which has the files; empty where every worker sees them.
	Queue string `json:"queue,omitempty"`
	// Hosts are the parts of a whole, one of each host that has files.
	Hosts []Quarantine `json:"hosts,omitempty"`
}

// Rows are all rows in quarantine; 0 for nil.
func (q *Quarantine) Rows() int64 {
	if q == nil {
		return 0
	}
	return q.Open + q.Waiting
}

// With is q with what one host, or the one place that every worker sees, has in quarantine now; nil where nothing is
// left.
func (q *Quarantine) With(now Quarantine) *Quarantine {
	var hosts []Quarantine
	if q != nil {
		if hosts = q.Hosts; len(hosts) == 0 {
			hosts = []Quarantine{*q}
		}
	}
	hosts = append(slices.DeleteFunc(slices.Clone(hosts), func(h Quarantine) bool { return h.Queue == now.Queue }), now)
	hosts = slices.DeleteFunc(hosts, func(h Quarantine) bool { return h.Rows() == 0 })
	switch len(hosts) {
	case 0:
		return nil
	case 1:
		return &hosts[0]
	}
	sum := &Quarantine{Hosts: hosts}
	for _, h := range hosts {
		sum.Open += h.Open
		sum.Waiting += h.Waiting
		sum.First = cmp.Or(sum.First, h.First)
		if sum.Oldest.IsZero() || !h.Oldest.IsZero() && h.Oldest.Before(sum.Oldest) {
			sum.Oldest = h.Oldest
		}
	}
	return sum
}

// Of is what one host has in quarantine, or the one place that every worker sees.
func (q *Quarantine) Of(queue string) Quarantine {
	if q != nil {
		for _, h := range append(slices.Clone(q.Hosts), *q) {
			if len(h.Hosts) == 0 && h.Queue == queue {
				return h
			}
		}
	}
	return Quarantine{Queue: queue}
}

// Elsewhere are the queues of the hosts, but for one, that have rows in quarantine.
func (q *Quarantine) Elsewhere(queue string) []string {
	var out []string
	if q == nil {
		return nil
	}
	for _, h := range append(slices.Clone(q.Hosts), *q) {
		if len(h.Hosts) == 0 && h.Queue != queue && h.Queue != "" {
			out = append(out, h.Queue)
		}
	}
	return out
}

// Workflow types of the commands about rows in quarantine.
const (
	RetryQuarantineName = "RetryQuarantine"
	DropQuarantineName  = "DropQuarantine"
)

// RetryQuarantineDetails and DropQuarantineDetails are the static details of these workflows.
const (
	RetryQuarantineDetails = "Reads the source's rows of the keys in quarantine as they are now, and writes them."
	DropQuarantineDetails  = "Closes entries of the quarantine without looking at either side."
)

// RetryQuarantineID is the workflow id that the command line uses to try rows in quarantine again.
func RetryQuarantineID(queue, tbl string) string {
	return OnQueue(queue, "tablehaul/quarantine/retry/"+IDText(tbl))
}

// DropQuarantineID is the workflow id that the command line uses to close entries.
func DropQuarantineID(queue, tbl string) string {
	return OnQueue(queue, "tablehaul/quarantine/drop/"+IDText(tbl))
}

// RetryQuarantineInput asks for another try of all rows of a table that are in quarantine.
type RetryQuarantineInput struct {
	// Table is a configured source table, "schema.table".
	Table string `json:"table"`
}

// RetryQuarantineResult is what came of it.
type RetryQuarantineResult struct {
	Table string `json:"table"`
	// Written rows are on the target now, or a newer version is; Gone ones are not at the source any more. Pending ones
	// are left to later runs: they have changed at the source since the last one, or the source is a replica that may
	// lack them.
	Written int64 `json:"written"`
	Gone    int64 `json:"gone"`
	Pending int64 `json:"pending,omitempty"`
	// Left is what is in quarantine now.
	Left Quarantine `json:"left"`
}

// DropQuarantineInput closes the entries of a table, or of one run of it.
type DropQuarantineInput struct {
	// Table is a configured source table, "schema.table".
	Table string `json:"table"`
	// Run is the id of the run that has set the rows aside; empty is every run.
	Run string `json:"run,omitempty"`
}

// DropQuarantineResult is what was closed.
type DropQuarantineResult struct {
	Table   string     `json:"table"`
	Dropped int64      `json:"dropped"`
	Left    Quarantine `json:"left"`
}

// ShowQuarantineName is the workflow type that reads a page of a quarantine for one command line.
const ShowQuarantineName = "ShowQuarantine"

// ShowQuarantineDetails are the static details of such a workflow.
const ShowQuarantineDetails = "Reads keys and errors of rows in quarantine. The result is encrypted for who has asked."

// ShowQuarantineID is the workflow id of one question; id tells questions apart.
func ShowQuarantineID(queue, tbl, id string) string {
	return OnQueue(queue, "tablehaul/quarantine/show/"+IDText(tbl)+"/"+id)
}

// ShowQuarantineInput asks for a page of the rows of a table that are in quarantine.
type ShowQuarantineInput struct {
	Table string `json:"table"`
	// Run is the id of the run that has set the rows aside; "" is every run.
	Run string `json:"run,omitempty"`
	// Queue is that of the host which has the files.
	Queue string `json:"queue,omitempty"`
	// After is how many entries to pass over; Limit, 1 to 1,000, how many to return at most.
	After int64 `json:"after,omitempty"`
	Limit int   `json:"limit"`
	// PublicKey is the one that the page is encrypted for: see package sealed.
	PublicKey []byte `json:"publicKey"`
}

// ShowQuarantineResult is a page.
type ShowQuarantineResult struct {
	// Next is the After of the next page, 0 where there is none.
	Next int64 `json:"next,omitempty"`
	// Sealed is a QuarantinePage as JSON, encrypted.
	Sealed []byte `json:"sealed"`
}

// QuarantinePage is the content of a page. No history has it in clear text.
type QuarantinePage struct {
	Entries []QuarantineEntry `json:"entries"`
}

// QuarantineEntry is a row in quarantine.
type QuarantineEntry struct {
	// Key are the values of the primary key, by KeyColumns.
	KeyColumns []DifferenceColumn `json:"keyColumns"`
	Key        [][]byte           `json:"key"`
	// Error is the server's number, Column the one that it names, Message what the error means.
	Error   int       `json:"error"`
	Column  string    `json:"column,omitempty"`
	Message string    `json:"message"`
	KeyHash string    `json:"keyHash"`
	Run     string    `json:"run"`
	At      time.Time `json:"at"`
	Waiting bool      `json:"waiting,omitempty"`
}

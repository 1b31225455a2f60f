package api

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// DefaultTaskQueue is the task queue of workers and starters that name none.
const DefaultTaskQueue = "tablehaul"

// MemoTable is the key of a table's name in the memo of its workflows.
const MemoTable = "table"

// Prefixes of workflow ids; the table's name follows.
const (
	syncPrefix = "tablehaul/sync/"
	planPrefix = "tablehaul/plan/"
)

// SyncTableID is the workflow id that the command line and its schedules use for a table.
// Any other id works as well: the table's state workflow excludes two runs at once, not the id.
func SyncTableID(queue, tbl string) string { return OnQueue(queue, syncPrefix+IDText(tbl)) }

// TableOfSyncID reads back what SyncTableID wrote, and a schedule has lengthened.
func TableOfSyncID(queue, id string) string {
	return TableOfID(queue, strings.TrimPrefix(unscheduledID(id), syncPrefix))
}

// scheduledAt is what Temporal appends to the ids of workflows that a schedule starts.
var scheduledAt = regexp.MustCompile(`-\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$`)

func unscheduledID(id string) string { return scheduledAt.ReplaceAllString(id, "") }

// PlanTableID is the workflow id that the command line uses for a preview.
func PlanTableID(queue, tbl string) string { return OnQueue(queue, planPrefix+IDText(tbl)) }

// DropOldTableID is the workflow id of the workflow that drops the former table of a table's target.
func DropOldTableID(queue, tbl string) string {
	return OnQueue(queue, "tablehaul/drop-old/"+IDText(tbl))
}

// ListTablesID is the workflow id that the command line uses for the list of a task queue's tables.
func ListTablesID(queue string) string { return "tablehaul/list/" + queue }

// SweepID is the id of the schedule that sweeps what is staged for a task queue, or for the
// host whose queue it is; its workflows have the same id.
func SweepID(queue string) string { return "tablehaul/sweep/" + queue }

// OnQueue is the id of a workflow or a schedule of a task queue. Two task queues of one namespace are
// two deployments: their ids differ, and with them their watermarks. The default queue adds nothing.
func OnQueue(queue, id string) string {
	if queue == DefaultTaskQueue || queue == "" {
		return id
	}
	return id + "@" + IDText(queue)
}

// offQueue takes away what OnQueue has added.
func offQueue(queue, id string) string { return strings.TrimSuffix(id, OnQueue(queue, "")) }

// IDText writes a table's name as a part of a workflow id. Printable ASCII stays as it is;
// everything else, the at sign and the percent sign become %uXXXX: Temporal's clients send ids in headers
// of requests, and refuse to send other characters there.
//
// Even 128 characters of which none is ASCII stay below the 1,000 that an id may have.
func IDText(tbl string) string {
	var b strings.Builder
	for _, r := range tbl {
		switch {
		case r >= ' ' && r <= '~' && r != '%' && r != '@':
			b.WriteRune(r)
		case r <= 0xFFFF:
			fmt.Fprintf(&b, "%%u%04X", r)
		default:
			fmt.Fprintf(&b, "%%U%06X", r)
		}
	}
	return b.String()
}

var idEscape = regexp.MustCompile(`%u[0-9A-F]{4}|%U[0-9A-F]{6}`)

// TableOfID reads back what OnQueue and IDText wrote.
func TableOfID(queue, text string) string {
	return idEscape.ReplaceAllStringFunc(offQueue(queue, text), func(s string) string {
		r, err := strconv.ParseUint(s[2:], 16, 32)
		if err != nil {
			return s
		}
		return string(rune(r))
	})
}

package activities

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// DefaultTaskQueue is the task queue of workers and starters that name none.
const DefaultTaskQueue = "tablehaul"

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

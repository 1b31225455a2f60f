package webui

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

// What people see of a run that is half-way, in a real browser.
func TestTheWebUIShowsHowFarARunIs(t *testing.T) {
	l := start(t)
	l.halfway()
	b := open(t)

	shown := b.reads(l.runPage(l.run, "user-metadata"),
		"Sync shop.orders", "Brings the target up to date",
		"upsert of an incremental run of shop.orders into dw.orders, 50% done",
		"Progress: 10,000 rows written, 20,000 read; 10 of 20 chunks",
		"Window: (", "Lag: ", "the target holds what was committed by", "is under Pending Activities")
	require.NotContains(t, shown, "**", "the Markdown is rendered")
	b.shoot("webui-details.png")

	b.reads(l.runPage(l.run, "timeline"), "chunk 1 of 20, 1,000 rows", "read the window",
		"check shop.orders and choose what to read")
	b.shoot("webui-timeline.png")
	b.reads(l.runPage(l.run, "metadata"), `"TablehaulPhase": "upsert"`, `"TablehaulTable": "shop.orders"`,
		`"TablehaulLagSeconds"`, `"target": "dw.orders"`)
	b.reads(l.page("?query="+url.QueryEscape("TablehaulTable='shop.orders'")), "tablehaul/sync/shop.orders", "Running",
		"tablehaul/state/shop.orders")
	b.shoot("webui-list.png")
	b.reads(l.runPage(l.stateWorkflow(), "user-metadata"), "Watermark and lease of shop.orders",
		"shop.orders watermark",
		"Written by: tablehaul/sync/shop.orders", "first load done, 20,000 rows")
	if screenshots() != "" { // it takes a while until a step has waited long enough to fail
		b.reads(l.runPage(l.run, "pending-activities"), "another session holds a lock on the same rows")
		b.shoot("webui-waits.png")
	}

	l.release()
	b.reads(l.runPage(l.run, "user-metadata"), "done of an incremental run of shop.orders into dw.orders, 100% done",
		"20,000 rows written")
}

package activities

import (
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/table"
)

// The strategies by which dlt merges. Its default is delete-insert.
const (
	mergeUpsert     = "upsert"
	mergeInsertOnly = "insert-only"
	mergeCDC        = "cdc"
	mergeSCD2       = "scd2"
)

// upsertByKey is how a pipeline of dlt says that rows go by their primary key alone.
const upsertByKey = `write_disposition={"disposition": "merge", "strategy": "upsert"}`

// checkMerge refuses a table whose maker merges by more than the key of a row: what it deletes, and its files do not
// name, would stay on the target.
//
//	what dlt's merge does besides                 here
//	upsert, delete-insert: nothing by other rows  rows go by their key
//	insert-only: a row that is there stays        write: append, in the order of loads
//	merge_key: deletes rows of other keys         refused, unless the key is a part of it
//	cdc, scd2, conditions in SQL                  refused
//	children: deletes those of former versions    refused, unless write: append keeps the lists of all versions
func (p *planDraft) checkMerge() {
	m := p.files.found.Schema
	if m == nil || m.Disposition != layout.Merge {
		return
	}
	appends := p.settings.Write == table.WriteAppend
	switch {
	case m.Parent != "":
		p.checkChildren(m, appends)
	case m.Strategy == mergeSCD2:
		p.refuseMerge("dlt merges it by the strategy scd2, which keeps versions of rows, with columns of validity "+
			"that only its own merge fills", "let the pipeline write it with "+upsertByKey)
	case m.Strategy == mergeCDC:
		p.refuseMerge("dlt merges it by the strategy cdc, which deletes rows that a load lacks",
			"let the pipeline write it with "+upsertByKey+
				`; or with write_disposition="replace", and set write: replace`)
	case m.Condition != "":
		p.refuseMerge("dlt merges it by a condition in SQL ("+m.Condition+"), which nothing evaluates here",
			"filter rows in the pipeline, and leave "+m.Condition+" out of write_disposition")
	case m.Strategy == mergeInsertOnly && (!appends || p.settings.Cursor != ""):
		p.refuseMerge("dlt merges it by the strategy insert-only: a row that is there stays as it is",
			"set write: append, without a cursor")
	case len(m.MergeKey) > 0 && m.Strategy != mergeUpsert && m.Strategy != mergeInsertOnly && !p.withinMergeKey(m):
		p.refuseMerge("dlt merges it by merge_key ("+strings.Join(m.MergeKey, ", ")+"): it deletes all rows that "+
			"have the values of a row of the load there, and the files do not name them",
			"leave merge_key out of the pipeline, or let it write with "+upsertByKey+", which does not apply it")
	}
}

// withinMergeKey reports whether rows that have one merge key are one row.
func (p *planDraft) withinMergeKey(m *layout.Schema) bool {
	return len(p.table.PrimaryKey) > 0 && !slices.ContainsFunc(p.table.PrimaryKey, func(name string) bool {
		return !slices.Contains(m.MergeKey, p.files.names[name])
	})
}

// checkChildren refuses a child table whose rows dlt deletes when their parent changes. Where each version of a parent
// has an id of its own, a target that keeps the rows of all versions is joined with the parents by it.
func (p *planDraft) checkChildren(m *layout.Schema, appends bool) {
	const inParent = "set max_table_nesting=0 in the pipeline, which keeps lists as JSON in a column of the parent"
	what := "it is a child table of " + m.Parent + ", which dlt merges: where a parent changes or is deleted, dlt " +
		"deletes the rows of its former version"
	switch {
	case m.Strategy == mergeUpsert || m.Strategy == mergeCDC:
		p.refuseMerge(what, inParent)
	case !appends:
		p.refuseMerge(what, inParent+"; or set write: append, which keeps the rows of all versions: join them with "+
			"the parents by _dlt_parent_id = _dlt_id")
	}
}

func (p *planDraft) refuseMerge(what, remedy string) {
	p.refuseFiles("", p.settings.Table.String()+": "+what, remedy)
}

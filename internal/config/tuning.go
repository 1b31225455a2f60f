package config

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// tuning are the keys under "tuning", in defaults and in every table. The defaults suit most tables.
var tuning = []field[Table]{
	intField("chunkRows", builtin.ChunkRows, 1, 100_000, "Rows of a chunk, which is one transaction of the target "+
		"unless that takes too long.",
		func(t *Table) *int { return &t.ChunkRows }),
	sizeField("chunkBytes", builtin.ChunkBytes, 64*kib, 256*mib, "Bytes after which a chunk ends.",
		func(t *Table) *int64 { return &t.ChunkBytes }),
	durationField("maxTransaction", builtin.MaxTransaction, 100*time.Millisecond, 30*time.Second, "How long a "+
		"transaction of the target should take: after one that takes longer than half of it, the next chunks are "+
		"made smaller, until they are fast again.",
		func(t *Table) *time.Duration { return &t.MaxTransaction }),
	chunksInFlightField(),
	intField("rangesInFlight", builtin.RangesInFlight, 1, 16, "Ranges of a run that are worked on at once.",
		func(t *Table) *int { return &t.RangesInFlight }),
	intField("rangeRows", builtin.RangeRows, 1, 1_000_000_000, "Rows of a range, the piece of a first load or of a "+
		"large window whose files are removed as soon as it is loaded. Very large tables get larger ranges, so that "+
		"their number stays bounded.",
		func(t *Table) *int64 { return &t.RangeRows }),
	sizeField("rangeBytes", builtin.RangeBytes, 64*kib, 64*gib, "Bytes of files that a range stages at once. A range "+
		"that turns out larger is moved in slices of this size, and staging holds two of them for each range in "+
		"flight.",
		func(t *Table) *int64 { return &t.RangeBytes }),
	sizeField("partBytes", builtin.PartBytes, 64*kib, 4*gib, "Bytes after which a staged file ends.",
		func(t *Table) *int64 { return &t.PartBytes }),
	intField("pageRows", builtin.PageRows, 1, 100_000, "Rows of a read's first SELECT on the source. Later ones "+
		"follow pageBytes and pageTime.",
		func(t *Table) *int { return &t.PageRows }),
	sizeField("pageBytes", builtin.PageBytes, 64*kib, 64*mib, "Bytes after which a page ends.",
		func(t *Table) *int64 { return &t.PageBytes }),
	durationField("pageTime", builtin.PageTime, 100*time.Millisecond, 30*time.Second, "Time after which a page ends.",
		func(t *Table) *time.Duration { return &t.PageTime }),
	intField("tailRows", builtin.TailRows, 1, 100_000_000, "A run reads on above the end of its window, up to the "+
		"source's now, so that a row that changes all the time arrives. Where more rows than this lie there, because "+
		"an open transaction holds the end back, it reads those that came since the last run; later runs read the "+
		"others, when the end has passed them.",
		func(t *Table) *int64 { return &t.TailRows }),
	intField("priority", builtin.Priority, 1, 5, "Which table's steps workers take first when not all can run at "+
		"once: 1 before 2, and so on. Tables of one priority take turns.",
		func(t *Table) *int { return &t.Priority }),
	boolField("bulkLoad", builtin.BulkLoad, "Send chunks of new rows as files of LOAD DATA LOCAL, where the "+
		"target's local_infile is ON (MySQL: off by default) and the columns' types allow it. It takes a third less "+
		"of the target's processor; results, refusals and counts are the same.",
		func(t *Table) *bool { return &t.BulkLoad }),
	wordField("indexesAfterLoad", string(builtin.IndexesAfterLoad), indexTimings,
		"For tables with a cursor, or write: replace; a target of another table is created with all indexes. "+
			"true: give a target that is created its indexes, but for unique keys, when its first load is done. "+
			"With five indexes, a first load takes two thirds of the time so. Until then reads by them are slow; "+
			"the ALTER TABLE takes up to 64 MiB of a MySQL server, and files as large as the indexes in its "+
			"tmpdir. It is one long statement, which does not give way to others: replicas of the target and the "+
			"nodes of a Galera cluster wait for it. auto: the same where the source has more than 1000000 rows by "+
			"its own estimate, the login clearly has ALTER, and replicas is empty. false: a target is created "+
			"with all indexes.",
		func(t *Table) *string { return (*string)(&t.IndexesAfterLoad) }),
}

// indexTimings are the words of the key "indexesAfterLoad".
var indexTimings = []string{
	string(table.IndexesAuto), string(table.IndexesAfterLoad), string(table.IndexesFirst),
}

// setTuning is the set of the key "tuning".
func setTuning(d *decoder, a at, t *Table) {
	decodeMapping(d, a, tuning, tuningHints, t)
}

// settingHints are what to say about keys of defaults and tables that belong elsewhere.
var settingHints = func() map[string]string {
	hints := map[string]string{
		"source": "write sourceConnection", "from": "write sourceConnection", "to": "write targetConnection",
		"addColumns": schemaHint,
	}
	for _, f := range tuning {
		hints[f.key] = "write it under tuning, as tuning: { " + f.key + ": … }"
	}
	maps.Copy(hints, otherTools(settingWords))
	return hints
}()

// defaultsHints add the key that is a table's name in an entry of tables.
var defaultsHints = func() map[string]string {
	hints := maps.Clone(settingHints)
	for _, f := range tableFields {
		if !slices.ContainsFunc(settings, func(s field[Table]) bool { return s.key == f.key }) {
			hints[f.key] = "write it in an entry of tables"
		}
	}
	hints["target"] = "write targetConnection"
	return hints
}()

// tuningHints are what to say about settings that are put under tuning.
var tuningHints = func() map[string]string {
	hints := map[string]string{"schema": "write it beside tuning, not under it"}
	for _, f := range slices.Concat(basics, badRows, windows, pauses) {
		hints[f.key] = "write it beside tuning, not under it"
	}
	return hints
}()

// chunksInFlightField is the key chunksInFlight. Its default depends on how far away the target is.
func chunksInFlightField() field[Table] {
	f := intField("chunksInFlight", builtin.ChunksInFlight, 1, 32, fmt.Sprintf("Chunks of a run that are written at "+
		"once; the ranges of a run share them. Default: %d, and %d where the target is 2 ms of round trip away or "+
		"more.", builtin.ChunksInFlight, builtin.FarChunksInFlight),
		func(t *Table) *int { return &t.ChunksInFlight })
	set := f.set
	f.set = func(d *decoder, a at, t *Table) {
		set(d, a, t)
		t.FarChunksInFlight = t.ChunksInFlight
	}
	return f
}

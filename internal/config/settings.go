package config

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // cursorZone must mean the same on a machine without zone files

	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/throttle"
)

// builtin holds the value of every table setting that neither the table nor defaults gives.
//
// Pages stay well under net_write_timeout (60 s) and a part's rows under a worker's memory:
// larger values bring back the lost connections that this program exists to avoid.
var builtin = Table{
	Overlap: time.Minute, MinLag: time.Second, TailRows: 100_000,
	PageRows: 10_000, PageBytes: 4 * mib, PageTime: 5 * time.Second,
	ChunkRows: 10_000, ChunkBytes: 16 * mib,
	PartBytes: 256 * mib, RangeRows: 250_000, RangeBytes: 256 * mib,
	ChunksInFlight: 4, RangesInFlight: 2,
	UniqueConflicts: conflictsFail, MaxTransaction: time.Second, StaleAfter: day,
	Priority: 3, BulkLoad: true, Write: writeUpsert, CreateTarget: true, AddColumns: true,
	ScheduleJitter: 30 * time.Second,
}

const (
	writeUpsert = "upsert"
	writeAppend = "append"

	conflictsFail    = "fail"
	conflictsReplace = "replace"
)

const day = 24 * time.Hour

// settings are the keys that stand in defaults and in every table, in the order of the docs.
var settings = []field[Table]{
	textField("cursor", "", "a column name", "Column that says what changed since the last run: DATETIME, TIMESTAMP, DATE or an integer. Empty: every run reads the whole table.",
		checkColumn, func(t *Table) *string { return &t.Cursor }),
	textField("cursorZone", "", "a zone such as Europe/Berlin, or +02:00", "Time zone in which the writers fill a DATETIME or DATE cursor. Empty: the source's global time_zone. A name needs the source's time zone tables, an offset does not.",
		checkZone, func(t *Table) *string { return &t.CursorZone }),
	wordField("cursorUnit", cursorUnits[0], cursorUnits, "What an integer cursor that is no AUTO_INCREMENT counts: seconds, milliseconds or microseconds since 1970, or none of them. auto: told by the values' magnitude. With a unit given, values beyond the source's now are not read before their time.",
		func(t *Table) *string { return &t.CursorUnit }),
	{"overlap", formatDuration(builtin.Overlap), "0–720h, or a number", "How far below the watermark a run reads again, for clocks that are not the server's. For an integer cursor: a number of its own steps, such as 3600, or a duration where cursorUnit is known; an AUTO_INCREMENT needs none. Other integers read at least the watermark's own value again.", setOverlap},
	durationField("minLag", builtin.MinLag, 0, time.Hour, "A window ends at least this long before the source's now.",
		func(t *Table) *time.Duration { return &t.MinLag }),
	durationField("fixedLag", builtin.FixedLag, 0, day, "0: a window ends before the source's oldest open work, which needs the PROCESS privilege. More: it ends exactly this long before now instead, and no transaction may stay open longer.",
		func(t *Table) *time.Duration { return &t.FixedLag }),
	int64Field("tailRows", builtin.TailRows, 1, 100_000_000, "A run reads on above the end of its window, up to the source's now, so that a row that changes all the time arrives. Where more rows than this lie there, because the end is held back, it reads those that came since the last run; the others come when the end has passed them.",
		func(t *Table) *int64 { return &t.TailRows }),
	boolField("allowReplica", builtin.AllowReplica, "Accept a source that is a replica: open work of its primary is not seen, so choose overlap above the longest transaction there. What it is behind, and the silence of its line, count as lag.",
		func(t *Table) *bool { return &t.AllowReplica }),
	intField("pageRows", builtin.PageRows, 1, 100_000, "Rows of a read's first SELECT on the source. Later ones follow pageBytes and pageTime.",
		func(t *Table) *int { return &t.PageRows }),
	sizeField("pageBytes", builtin.PageBytes, 64*kib, 64*mib, "Bytes after which a page ends.",
		func(t *Table) *int64 { return &t.PageBytes }),
	durationField("pageTime", builtin.PageTime, 100*time.Millisecond, 30*time.Second, "Time after which a page ends.",
		func(t *Table) *time.Duration { return &t.PageTime }),
	intField("chunkRows", builtin.ChunkRows, 1, 100_000, "Rows of a chunk, which is one transaction of the target unless that takes too long.",
		func(t *Table) *int { return &t.ChunkRows }),
	sizeField("chunkBytes", builtin.ChunkBytes, 64*kib, 256*mib, "Bytes after which a chunk ends.",
		func(t *Table) *int64 { return &t.ChunkBytes }),
	sizeField("partBytes", builtin.PartBytes, 64*kib, 4*gib, "Bytes after which a staged file ends.",
		func(t *Table) *int64 { return &t.PartBytes }),
	int64Field("rangeRows", builtin.RangeRows, 1, 1_000_000_000, "Rows of a range, the piece of a first load or of a large window whose files are removed as soon as it is loaded. Very large tables get larger ranges, so that their number stays bounded.",
		func(t *Table) *int64 { return &t.RangeRows }),
	sizeField("rangeBytes", builtin.RangeBytes, 64*kib, 64*gib, "Bytes of files that a range stages at once. A range that turns out larger is moved in slices of this size, and staging holds two of them for each range in flight.",
		func(t *Table) *int64 { return &t.RangeBytes }),
	intField("chunksInFlight", builtin.ChunksInFlight, 1, 32, "Chunks of a run that are written at once; ranges side by side share them.",
		func(t *Table) *int { return &t.ChunksInFlight }),
	intField("rangesInFlight", builtin.RangesInFlight, 1, 16, "Ranges of a run that are worked on at once.",
		func(t *Table) *int { return &t.RangesInFlight }),
	intField("priority", builtin.Priority, 1, 5, "Which table's steps workers take first when not all can run at once: 1 before 2, and so on. Tables of one priority take turns.",
		func(t *Table) *int { return &t.Priority }),
	intField("maxThreadsRunning", builtin.MaxThreadsRunning, 0, 100_000, "0: no limit. More: pages are not read and chunks not written while more threads than this run on their server.",
		func(t *Table) *int { return &t.MaxThreadsRunning }),
	durationField("maxReplicaLag", builtin.MaxReplicaLag, 0, day, "0: no limit. More: chunks are not written while one of replicas is further behind.",
		func(t *Table) *time.Duration { return &t.MaxReplicaLag }),
	namesField("replicas", "Replicas of the target, by the names of their connections, separated by commas.",
		func(t *Table) *[]string { return &t.Replicas }),
	textField("hours", "", "22:00-06:00, in UTC, or 22:00-06:00 Europe/Berlin", "Hours at which pages are read and chunks written; a run waits outside them. Empty: all day.",
		checkHours, func(t *Table) *string { return &t.Hours }),
	textField("write", builtin.Write, writeUpsert, "How rows are applied: inserted, or updated where the source's row is at least as new.",
		checkWrite, func(t *Table) *string { return &t.Write }),
	wordField("uniqueConflicts", builtin.UniqueConflicts, []string{conflictsFail, conflictsReplace}, "What happens when another row of the target holds a unique value of a row to write. fail: the run stops and names the key. replace: that row is removed unless it is newer, and comes back with its own new version; needs the DELETE privilege, and a target without unique keys that the source does not have.",
		func(t *Table) *string { return &t.UniqueConflicts }),
	durationField("maxTransaction", builtin.MaxTransaction, 100*time.Millisecond, 30*time.Second, "How long a transaction of the target should take: after one that takes longer than half of it, the next chunks are made smaller, until they are fast again.",
		func(t *Table) *time.Duration { return &t.MaxTransaction }),
	durationField("staleAfter", builtin.StaleAfter, 0, 365*day, "How far the target may be behind the source before it counts as stale, which alerts and notifications tell. Choose more than the time between two runs. 0: never.",
		func(t *Table) *time.Duration { return &t.StaleAfter }),
	boolField("bulkLoad", builtin.BulkLoad, "Send chunks as files of LOAD DATA LOCAL, where the target's local_infile is ON (MySQL: off by default) and the columns' types allow it: rows that the target does not have, and, where the login has DELETE and TRIGGER and nothing about the table is in the way, also rows that it has. It takes a quarter to a third less of the target's processor; results, refusals and counts are the same.",
		func(t *Table) *bool { return &t.BulkLoad }),
	boolField("indexesAfterLoad", builtin.IndexesAfterLoad, "Give a target that is created its indexes, but for unique keys, when its first load is done. Many or random indexes are built in half the time so. Until then reads by them are slow, and the ALTER TABLE is one long statement for the target's replicas.",
		func(t *Table) *bool { return &t.IndexesAfterLoad }),
	{"schedule", scheduleOff, `5m, "*/5 * * * *", "0 3 * * * Europe/Berlin"`, "When runs begin: an interval, or the five fields of a cron text, in UTC or in the zone that follows them. `tablehaul schedule apply` makes Temporal Schedules of it. off: no schedule.", setSchedule},
	durationField("scheduleJitter", builtin.ScheduleJitter, 0, time.Hour, "A scheduled run begins up to this much later, by chance, so that not all tables begin at once.",
		func(t *Table) *time.Duration { return &t.ScheduleJitter }),
	boolField("schedulePaused", builtin.SchedulePaused, "The schedule is there and starts nothing.",
		func(t *Table) *bool { return &t.SchedulePaused }),
	boolField("createTarget", builtin.CreateTarget, "Create the target table where it is missing.",
		func(t *Table) *bool { return &t.CreateTarget }),
	boolField("addColumns", builtin.AddColumns, "Add columns to the target that the source has gained, and widen those that became wider where that is harmless.",
		func(t *Table) *bool { return &t.AddColumns }),
}

// defaultsFields are the fields of defaults. A table has longer names for the two connections,
// because there target is a table.
var defaultsFields = append([]field[Table]{
	textField("source", "", "a name in connections", "Connection that tables are read from.", nil,
		func(t *Table) *string { return &t.SourceConnection }),
	textField("target", "", "a name in connections", "Connection that tables are written to.", nil,
		func(t *Table) *string { return &t.TargetConnection }),
}, settings...)

// tableFields are the fields of an entry of tables.
var tableFields = append([]field[entry]{
	{"name", "", "schema.table, or schema.part_*", "Source table. One * in the table's half stands for any characters; exact names win over patterns, then the first match.", setPattern(func(e *entry) *pattern { return &e.source })},
	{"target", "the same name", "schema.table", "Target table. For a pattern, its * takes what the name's * matched.", setPattern(func(e *entry) *pattern { return &e.target })},
	{"exclude", "", "schema.table, or schema.part_*", "Tables that a name with a * does not stand for: a list, or one text with commas.", setExclude},
	textField("sourceConnection", "defaults.source", "a name in connections", "Connection that this table is read from.", nil,
		func(e *entry) *string { return &e.settings.SourceConnection }),
	textField("targetConnection", "defaults.target", "a name in connections", "Connection that this table is written to.", nil,
		func(e *entry) *string { return &e.settings.TargetConnection }),
}, liftAll(settings, func(e *entry) *Table { return &e.settings })...)

func liftAll[Outer, Inner any](fields []field[Inner], to func(*Outer) *Inner) []field[Outer] {
	out := make([]field[Outer], len(fields))
	for i, f := range fields {
		out[i] = lift(f, to)
	}
	return out
}

func checkColumn(s string) (wrong, remedy string) {
	if s == "" {
		return "", ""
	}
	if _, err := table.ParseName("s.`" + strings.ReplaceAll(s, "`", "``") + "`"); err != nil {
		return "is not a column name", "write it as the source has it, without quotes or the table's name"
	}
	return "", ""
}

var zoneOffset = regexp.MustCompile(`^[+-](0\d|1[0-4]):[0-5]\d$`)

func checkZone(s string) (wrong, remedy string) {
	if s == "" || zoneOffset.MatchString(s) {
		return "", ""
	}
	// "Local" would mean another zone on every machine.
	if _, err := time.LoadLocation(s); err != nil || s == "Local" {
		return "is not a time zone", "write a name such as Europe/Berlin, or an offset such as +02:00"
	}
	return "", ""
}

func checkHours(s string) (wrong, remedy string) {
	if _, err := throttle.ParseHours(s); err != nil {
		return "cannot be read: " + err.Error(), "write it as 22:00-06:00, or with a zone as 22:00-06:00 Europe/Berlin"
	}
	return "", ""
}

func checkWrite(s string) (wrong, remedy string) {
	switch s {
	case writeUpsert:
		return "", ""
	case writeAppend:
		return "is not available in this version", fmt.Sprintf("remove the key or write %s, which applies new rows as inserts", writeUpsert)
	default:
		return "is not a way to write", fmt.Sprintf("write %s", writeUpsert)
	}
}

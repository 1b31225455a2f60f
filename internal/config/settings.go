package config

import (
	"regexp"
	"slices"
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
	ChunksInFlight: 4, FarChunksInFlight: 8, RangesInFlight: 2,
	Write: table.WriteUpsert, UniqueConflicts: conflictsFail, MaxTransaction: time.Second,
	StaleAfter: staleUnscheduled, StaleByDefault: true,
	KeepOld: time.Hour, Priority: 3, BulkLoad: true, IndexesAfterLoad: table.IndexesFirst,
	CreateTarget: true, Schema: builtinContract,
	ScheduleJitter: 30 * time.Second, ScheduleFamily: FamilyApply, Verify: builtinVerify, Undo: builtinUndo,
	BadRows: badRowsFail, MaxBadRows: 100, MaxBadShare: 0.001, QuarantineKeep: 30 * day,
	Deletes: Deletes{
		Mode: DeletesOff, Column: "deleted_at", Every: Schedule{Every: day}, MaxShare: 0.05,
		Grace: 10 * time.Minute, Owns: OwnsScope,
	},
}

const (
	conflictsFail    = "fail"
	conflictsReplace = "replace"
)

// Values of Table.ScheduleFamily.
const (
	FamilyApply = "apply"
	FamilyAuto  = "auto"
)

const day = 24 * time.Hour

// basics are the keys of a table that most files need; they stand in defaults and in every table.
var basics = []field[Table]{
	textField("cursor", "", "a column name", "Column that says what changed since the last run: DATETIME, TIMESTAMP, "+
		"DATE or an integer. Empty: every run reads the whole table.",
		checkColumn, func(t *Table) *string { return &t.Cursor }),
	{"overlap", formatDuration(builtin.Overlap), "0–720h, or a number", "How far below the watermark a run reads " +
		"again, for clocks that are not the server's. For an integer cursor: a number of its own steps, such as " +
		"3600, or a duration where cursorUnit is known; an AUTO_INCREMENT needs none. Other integers read at least " +
		"the watermark's own value again.", setOverlap},
	{
		"schedule", scheduleOff, `5m, "*/5 * * * *", "0 3 * * * Europe/Berlin"`, "When runs begin: an interval, or " +
			"the five fields of a cron expression, in UTC or in the zone that follows them. " +
			"`tablehaul schedule apply` makes " +
			"Temporal Schedules of it. off: no schedule.",
		setScheduleTo(func(t *Table) *Schedule { return &t.Schedule }),
	},
	staleAfterField(),
	wordField("uniqueConflicts", builtin.UniqueConflicts, []string{conflictsFail, conflictsReplace}, "What happens "+
		"when another row of the target holds a unique value of a row to write. fail: the run stops and names the "+
		"key. replace: that row is removed unless it is newer, and comes back with its own new version; needs the "+
		"DELETE privilege, and a target without unique keys that the source does not have.",
		func(t *Table) *string { return &t.UniqueConflicts }),
	boolField("createTarget", builtin.CreateTarget, "Create the target table where it is missing.",
		func(t *Table) *bool { return &t.CreateTarget }),
}

// windows are the keys that say up to where a run reads.
var windows = []field[Table]{
	textField("cursorZone", "", "a zone such as Europe/Berlin, or +02:00", "Time zone in which the writers fill a "+
		"DATETIME or DATE cursor. Empty: the source's global time_zone. A name needs the source's time zone tables, "+
		"an offset does not.",
		checkZone, func(t *Table) *string { return &t.CursorZone }),
	wordField("cursorUnit", cursorUnits[0], cursorUnits, "What an integer cursor that is no AUTO_INCREMENT counts: "+
		"seconds, milliseconds or microseconds since 1970, or none of them. auto: judged by the values' magnitude. "+
		"With a unit given, values beyond the source's now are not read before their time.",
		func(t *Table) *string { return &t.CursorUnit }),
	durationField("minLag", builtin.MinLag, 0, time.Hour, "A window ends at least this long before the source's now.",
		func(t *Table) *time.Duration { return &t.MinLag }),
	durationField("fixedLag", builtin.FixedLag, 0, day, "0: a window ends before the source's oldest open "+
		"transaction, which needs the PROCESS privilege. More: it ends exactly this long before now instead, and no "+
		"transaction may stay open longer.",
		func(t *Table) *time.Duration { return &t.FixedLag }),
	boolField("allowReplica", builtin.AllowReplica, "Accept a source that is a replica: open transactions of its "+
		"primary are not seen, so choose overlap above the longest transaction there. The replica's own lag, and the "+
		"time since it last heard from its primary, count as lag.",
		func(t *Table) *bool { return &t.AllowReplica }),
}

// pauses are the keys that make a run wait.
var pauses = []field[Table]{
	textField("hours", "", "22:00-06:00, in UTC, or 22:00-06:00 Europe/Berlin", "Hours at which pages are read and "+
		"chunks written; a run waits outside them. Empty: all day.",
		checkHours, func(t *Table) *string { return &t.Hours }),
	intField("maxThreadsRunning", builtin.MaxThreadsRunning, 0, 100_000, "0: no limit. More: pages are not read and "+
		"chunks not written while more threads than this run on their server.",
		func(t *Table) *int { return &t.MaxThreadsRunning }),
	durationField("maxReplicaLag", builtin.MaxReplicaLag, 0, day, "0: no limit. More: pages are not read and "+
		"chunks not written while one of replicas is further behind.",
		func(t *Table) *time.Duration { return &t.MaxReplicaLag }),
	namesField("replicas", "[replica1, replica2]", "Replicas of the target, by the names of their connections.",
		func(t *Table) *[]string { return &t.Replicas }),
	durationField("scheduleJitter", builtin.ScheduleJitter, 0, time.Hour, "A scheduled run begins up to this much "+
		"later, by chance, so that not all tables begin at once.",
		func(t *Table) *time.Duration { return &t.ScheduleJitter }),
	boolField("schedulePaused", builtin.SchedulePaused, "The schedule exists and starts nothing.",
		func(t *Table) *bool { return &t.SchedulePaused }),
	wordField("scheduleFamily", builtin.ScheduleFamily, []string{FamilyApply, FamilyAuto}, "Who makes the schedules "+
		"of tables that join a family (a name with a *). apply: `tablehaul schedule apply`, and status names tables "+
		"without one. auto: a worker, within ten minutes. It changes and deletes none.",
		func(t *Table) *string { return &t.ScheduleFamily }),
}

// settings are all keys that stand in defaults and in every table.
var settings = slices.Concat(connectionNames, writeFields, basics, maskKeys, badRows, windows, pauses, []field[Table]{
	{"schema", "", "", "How the target follows changes of the source's structure: see “schema” below.", setSchema},
	{"deletes", "", "", "What happens to rows that the source deletes: see “deletes” below.", setDeletes},
	{"verify", "", "", "When both sides are compared, and how: see “verify” below.", setVerify},
	{"undo", "", "off, or keys", "What is kept of the rows that a repair or a sweep of deletes replaces: see “undo” " +
		"below. off: nothing.", setUndo},
	{"tuning", "", "", "Sizes and limits that few files need: see “tuning” below.", setTuning},
})

// connectionNames are the keys that say from where and to where.
var connectionNames = []field[Table]{
	textField("sourceConnection", "required", "a name in connections", "Connection that tables are read from.", nil,
		func(t *Table) *string { return &t.SourceConnection }),
	textField("targetConnection", "required", "a name in connections", "Connection that tables are written to.", nil,
		func(t *Table) *string { return &t.TargetConnection }),
}

// tableNames are the keys that only an entry of tables has.
var tableNames = []field[entry]{
	{
		"name", "required", "schema.table, or schema.part_*",
		"Source table. One * in the table's half stands for any " +
			"characters; exact names win over patterns, then the first match.",
		setPattern(func(e *entry) *pattern { return &e.source }),
	},
	{
		"target", "the same name", "schema.table",
		"Target table. For a pattern, its * takes what the name's * matched.",
		setPattern(func(e *entry) *pattern { return &e.target }),
	},
	{"exclude", "", "[schema.table, schema.part_*]", "Tables that a name with a * does not stand for.", setExclude},
}

// tableFields are the keys of an entry of tables.
var tableFields = slices.Concat(tableNames, liftAll(slices.Concat(keyFields, mappings, filesKeys, settings),
	func(e *entry) *Table { return &e.settings }))

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

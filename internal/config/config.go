package config

import (
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Config is a whole, valid configuration. It is made by Load and read only.
type Config struct {
	// File is where it was read from; empty when it came from a plain reader.
	File string
	// Connections are the servers by the names that tables use, and histories too.
	Connections map[string]Connection
	// Staging is where files stand between extract and upsert.
	Staging Staging
	// Worker tunes one worker process.
	Worker Worker
	// Metrics, Log and Notifications say how a worker tells of itself.
	Metrics       Metrics
	Log           Log
	Notifications Notifications
	// Warnings are what a person should know of the file, and what keeps no program from using it.
	Warnings []Problem

	entries []entry
	// sealed is the file as a program reads it with WithoutSecrets; nil where this is so already. See Digest.
	sealed *Config
}

// Connection is one MySQL or MariaDB server.
type Connection struct {
	DSN DSN
	// unread is the DSN before its variables, where it takes a file's or a command's content.
	unread string
	// TLS is "" (see docs/configuration.md), "disabled", "required", "verify-ca" or "verify-identity".
	TLS string
	// CA is the path of a PEM file of certificate authorities; empty means the system's.
	CA string
	// MaxConnections bounds the pool of one worker process, 1–1000. The server's own limits bound it further.
	MaxConnections int
}

// Staging says where staged files are kept and how they are packed.
type Staging struct {
	// URL is file:///an/absolute/folder or s3://bucket/prefix?parameters, see package s3url.
	URL string
	// Compression is "snappy", "none", "zstd", "gzip" or "lz4".
	Compression string
	// Shared says that every worker sees the same files.
	Shared bool
	// SweepAfter is the age at which files that no run needs are removed; 0 leaves them.
	SweepAfter time.Duration
	// Keep is how long the files of runs that have ended stay; 0 keeps none.
	Keep time.Duration
}

// Worker is what one worker process takes on, and what its machine is called.
type Worker struct {
	// Host names the machine whose files a worker can reach; empty is its host name.
	Host string
	// Activities and WorkflowTasks are how many of each run at once.
	Activities    int
	WorkflowTasks int
	// Pollers is how many requests for work are open at once, per kind of work and task queue.
	Pollers int
}

// Table holds the resolved settings of one source → target pair. The bounds and defaults of its
// settings stand in docs/configuration.md, which is written from settings.go.
type Table struct {
	// Name is the source table, Target the table that receives its rows.
	Name   table.Name
	Target table.Name
	// SourceConnection and TargetConnection are names in Config.Connections.
	SourceConnection string
	TargetConnection string

	// Files is set where the table is loaded from files; SourceConnection is then empty.
	Files *Files

	// Where is an SQL condition of the source for the rows that travel, empty for all; Columns say which columns do.
	Where   string
	Columns Columns
	// KeysDisjoint says that other tables have the same target, and that no key is in two of them.
	KeysDisjoint bool
	// MaskKey is the secret of keyed masks; empty for none.
	MaskKey Secret

	// Cursor is the column that says what changed; empty means that every run reads the whole table.
	Cursor string
	// CursorZone is the zone of a DATETIME cursor; empty means the source server's own.
	CursorZone string
	// CursorUnit is what an integer cursor counts: none, s, ms, us, or auto, which is also "".
	CursorUnit string
	// Overlap is read again below the watermark, MinLag and FixedLag keep the window's end in the past.
	Overlap time.Duration
	// OverlapSteps is the overlap as a plain number, of an integer cursor's own steps; Overlap is then 0.
	OverlapSteps int64
	MinLag       time.Duration
	FixedLag     time.Duration
	// TailRows bounds what every run reads above the window's end.
	TailRows int64
	// AllowReplica accepts a source that is a replica, whose clock and order are not the writers'.
	AllowReplica bool

	// PageRows, PageBytes and PageTime end a page of the source, whichever comes first.
	PageRows  int
	PageBytes int64
	PageTime  time.Duration
	// ChunkRows and ChunkBytes end a chunk, which is one transaction of the target, or a few short ones.
	ChunkRows  int
	ChunkBytes int64
	// PartBytes ends a staged file, RangeRows a range, and RangeBytes what of it is staged at
	// once; all are aims and not exact limits.
	PartBytes  int64
	RangeRows  int64
	RangeBytes int64
	// BulkLoad lets rows that the target does not have travel as files of LOAD DATA LOCAL.
	BulkLoad bool
	// IndexesAfterLoad says when a target that is created gets its secondary indexes.
	IndexesAfterLoad table.IndexTiming
	// BadRows is "fail" or "quarantine". MaxBadRows and MaxBadShare (0–1) bound the rows that a run sets aside and that
	// are in quarantine, QuarantineKeep how long they stay there.
	BadRows        string
	MaxBadRows     int
	MaxBadShare    float64
	QuarantineKeep time.Duration
	// ChunksInFlight and RangesInFlight bound what one run does at once.
	ChunksInFlight int
	// FarChunksInFlight is in the place of ChunksInFlight where the target is far away. It differs by default only.
	FarChunksInFlight int
	RangesInFlight    int

	// MaxThreadsRunning and MaxReplicaLag (of Replicas, names in Config.Connections) pause a run;
	// 0 does not. Hours is a text for throttle.ParseHours; empty is all day.
	MaxThreadsRunning int
	MaxReplicaLag     time.Duration
	Replicas          []string
	Hours             string

	// Key are the columns of the source's key by which rows are matched; nil is the primary key.
	Key []string
	// Write says what a row does to the target.
	Write table.WriteMode
	// KeepOld is how long the former table is kept of a target that is replaced, and AllowUnsafeSwap lets it be
	// replaced where a RENAME of two tables is not atomic.
	KeepOld         time.Duration
	AllowUnsafeSwap bool
	// UniqueConflicts says what happens to a target row that holds a unique value of another
	// row to write: "fail" or "replace".
	UniqueConflicts string
	// MaxTransaction is how long a transaction of the target should take at most.
	MaxTransaction time.Duration

	// Priority is 1 (first) to 5 (last).
	Priority int
	// StaleAfter is how old the source's state on the target may become before that is reported; 0 is never.
	StaleAfter time.Duration
	// StaleByDefault says that the file does not set it: a DATE cursor then has a day more.
	StaleByDefault bool

	// Schedule says when runs begin; ScheduleJitter spreads them, SchedulePaused keeps them from it.
	Schedule       Schedule
	ScheduleJitter time.Duration
	SchedulePaused bool
	// ScheduleFamily is "apply" or "auto": whether a worker makes the schedules of a family's new tables.
	ScheduleFamily string

	// Deletes says what happens to rows that the source deletes.
	Deletes Deletes
	// Verify says when both sides are compared.
	Verify Verify
	// Undo says what is kept of rows that are replaced or removed by a repair or a sweep.
	Undo Undo

	// CreateTarget creates a missing target table, Schema says how it follows the source's structure.
	CreateTarget bool
	Schema       table.Contract
}

// A DSN is a connection text with a password in it. Printing one by any verb masks the password.
type DSN string

// Reveal is the text itself, for the code that opens the connection.
func (d DSN) Reveal() string { return string(d) }

// String is the DSN with its password hidden.
func (d DSN) String() string {
	s := string(d)
	// The driver takes the last slash as the end of the address, and the last @ before it as
	// the end of the login: a password may hold either.
	slash := strings.LastIndexByte(s, '/')
	if slash < 0 {
		if s == "" {
			return ""
		}
		return "***"
	}
	at := strings.LastIndexByte(s[:slash], '@')
	if at < 0 {
		return s
	}
	user, _, found := strings.Cut(s[:at], ":")
	if !found {
		return s
	}
	return user + ":***" + s[at:]
}

// GoString masks %#v like String does.
func (d DSN) GoString() string { return `"` + d.String() + `"` }

// MarshalText masks JSON, YAML and log/slog like String does.
func (d DSN) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

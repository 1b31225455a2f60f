package layout

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/tablehaul/tablehaul/internal/files"
)

// The layouts that Discover knows.
const (
	DLT        = "dlt"
	MySQLShell = "mysqlshell"
	Plain      = "plain"
)

// ErrLayout is returned where the files are not what the options say, so that looking again does not help. The text
// says what is there and what to change.
var ErrLayout = errors.New("files are not laid out as configured")

// Options say where to look and for what.
type Options struct {
	// Layout is DLT, MySQLShell or Plain.
	Layout string
	// Table is the maker's own name: a table of dlt's schema; schema.table of a MySQL Shell dump. Plain has none.
	Table string
	// Match are the globs of Plain, relative to the store: *, ?, [a-z], {a,b}, and ** for any folders. What begins
	// with a dot or an underscore is left out, unless the glob has that character there.
	Match []string
	// Path is dlt's layout of file names, where a pipeline sets another than DefaultPath.
	Path string
	// Complete says when a load is complete; empty is the layout's own rule, which Plain does not have.
	Complete string
	// Now is the time of the store's clock, as far as it is known.
	Now time.Time
}

// Load is what its maker wrote in one go, complete.
type Load struct {
	// ID names the load: dlt's load_id, the key of a marker, of a dump's @.json, or of the only file.
	ID string `json:"id"`
	// Version changes with the files and their content. The same ID with another version was written again.
	Version string `json:"version"`
	// Time orders loads: dlt's load_id as a time, a dump's begin, else when the marker or file was last modified.
	Time time.Time `json:"time"`
	// Files are in the order of their names, digits compared as numbers.
	Files []File `json:"files,omitempty"`
	// Marker is what made the load complete; nil where a load has none of its own. That of a folder may make files of
	// other tables complete as well.
	Marker *files.Entry `json:"marker,omitempty"`
	// OfFolder says that Marker completes all that is in its folder and below.
	OfFolder bool `json:"-"`
	// Completed is when the maker's mark of the load came to its place; zero where there is none, or Marker has it.
	Completed time.Time `json:"completed,omitzero"`
	// Replaces says that the load is the whole table: rows that it lacks were deleted by its maker. It may be in the
	// middle of being replaced itself, so delete only what a second Discover with the same Version confirms.
	Replaces bool `json:"replaces,omitempty"`
	// Emptied is a load that Replaces and has no files. A maker that deletes before it writes looks the same for a
	// moment.
	Emptied bool `json:"emptied,omitempty"`
	// Snapshot says that rows are as old as Time and have no order against what the target has: without a cursor
	// they may only go into an empty table.
	Snapshot bool `json:"snapshot,omitempty"`
}

// File is a file of a load.
type File struct {
	files.Entry
	// Format is parquet, jsonl, json, csv or tsv; empty where neither maker nor name say so.
	Format string `json:"format,omitempty"`
	// Compression is gzip, zstd, snappy, lz4 or none; empty where only the file's first bytes say so.
	Compression string `json:"compression,omitempty"`
}

// Wait is a load that is not complete yet.
type Wait struct {
	// ID is the load's, so that waits for loads that are done already can be left out.
	ID string `json:"id"`
	// Why names what is missing.
	Why string `json:"why"`
	// Since is when the load's newest file was modified; zero where there is none.
	Since time.Time `json:"since,omitzero"`
	// Files are what is there of it, where each of them could be loaded by itself.
	Files []File `json:"files,omitempty"`
}

// Found is what Discover returns.
type Found struct {
	// Loads are complete, the oldest first: by Time, then by ID.
	Loads []Load
	// Waiting are loads that are expected to become complete, in the same order.
	Waiting []Wait
	// Ignored counts loads without the maker's mark of completeness: still being written, or aborted. Nothing tells
	// which, so they are no waits.
	Ignored int
	// Schema is what the maker says about the table; nil where it says nothing.
	Schema *Schema
	// Text is how the maker writes text files; nil where the options of the format say so.
	Text *Text
	// Internal are columns that the maker adds for itself. They are left out unless the target has them.
	Internal []string
	// Watermark is up to where the maker has read its source, only to offer it as a first watermark.
	Watermark *Watermark
}

// Watermark is a maker's own.
type Watermark struct {
	Column string
	// Value is as the maker writes it: dlt writes times as ISO 8601.
	Value string
}

// Check reports options that Discover would refuse, without looking at any store. Its errors wrap ErrLayout.
func (o Options) Check() error {
	_, err := o.discoverer()
	return err
}

// Discover lists what is there. It fails with ErrLayout, also where the name of a file of the table has control
// characters, and with the errors of the store.
func Discover(ctx context.Context, s files.Store, o Options) (Found, error) {
	discover, err := o.discoverer()
	if err != nil {
		return Found{}, err
	}
	found, err := discover(ctx, s)
	if err != nil {
		return Found{}, err
	}
	if err := found.checkNames(); err != nil {
		return Found{}, err
	}
	sortLoads(found.Loads)
	return found, nil
}

type discoverer func(ctx context.Context, s files.Store) (Found, error)

func (o Options) discoverer() (discoverer, error) {
	complete, err := parseComplete(o.Complete)
	if err != nil {
		return nil, err
	}
	if own := complete.kind == DLT || complete.kind == MySQLShell; own && complete.kind != o.Layout {
		return nil, refuse("complete: %[1]s goes with layout: %[1]s, and the layout is %[2]s", complete.kind, o.Layout)
	}
	switch o.Layout {
	case Plain:
		return newPlain(o, complete)
	case DLT:
		return newDLT(o, complete)
	case MySQLShell:
		return newShell(o, complete)
	default:
		return nil, refuse("layout: %q is none of plain, dlt, mysqlshell", o.Layout)
	}
}

func refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrLayout, fmt.Sprintf(format, args...))
}

// readSmall reads a file of metadata of at most limit bytes.
func readSmall(ctx context.Context, s files.Store, e files.Entry, limit int64) ([]byte, error) {
	f, err := s.Open(ctx, e)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", e.Key, err)
	}
	defer f.Close() //nolint:errcheck // opened for reading
	if f.Size() > limit {
		return nil, refuse("%s has %d bytes, and at most %d are expected", e.Key, f.Size(), limit)
	}
	text, err := io.ReadAll(io.NewSectionReader(f, 0, f.Size()))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", e.Key, err)
	}
	return text, nil
}

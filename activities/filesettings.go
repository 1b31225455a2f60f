package activities

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/files/layout"
)

// FileSettings say where the files are that a table is loaded from, and what is in them.
type FileSettings struct {
	URL string `json:"url"`
	// Layout, Table, Path, Match and Complete are those of layout.Options.
	Layout   string   `json:"layout"`
	Table    string   `json:"table,omitempty"`
	Path     string   `json:"path,omitempty"`
	Match    []string `json:"match,omitempty"`
	Complete string   `json:"complete,omitempty"`
	// Format, Compression, Bytes, Zone and MaxRow are those of format.Options.
	Format      string `json:"format,omitempty"`
	Compression string `json:"compression,omitempty"`
	Bytes       string `json:"bytes,omitempty"`
	Zone        string `json:"zone,omitempty"`
	MaxRow      int64  `json:"maxRow,omitempty"`
	// Text is how csv and tsv files are written.
	Text format.Text `json:"text,omitzero"`
	// After is "keep" (also for ""), "delete", or "move:" and a prefix.
	After string `json:"after,omitempty"`
	// Columns are those of the table; nil leaves it to the maker's schema, or to the first file.
	Columns []string `json:"columns,omitempty"`
	// Create has the columns of a target that is missing, in order.
	Create []ColumnType `json:"create,omitempty"`
}

// ColumnType is a column of a table to create: its SQL type as it is written.
type ColumnType struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// zone is that of moments in the files: dlt's are in UTC.
func (s *FileSettings) zone() string {
	if s.Layout == layout.DLT {
		return format.ZoneUTC
	}
	return s.Zone
}

// bytes is how text files write bytes: dlt's JSON Lines have them as base64.
func (s *FileSettings) bytes() string {
	if s.Layout == layout.DLT && s.Bytes == "" {
		return format.BytesBase64
	}
	return s.Bytes
}

// formatOptions say how a file is read. text is how its maker writes text, nil where the settings say it.
func (s *Settings) formatOptions(f layout.File, text *layout.Text) format.Options {
	o := format.Options{
		Format: s.Files.Format, Compression: s.Files.Compression, Text: s.Files.Text, Bytes: s.Files.bytes(),
		Zone: s.Files.zone(), MaxRowBytes: s.Files.MaxRow,
	}
	if o.Format == "" || o.Format == "auto" {
		o.Format = f.Format
	}
	if o.Compression == "" || o.Compression == "auto" {
		o.Compression = f.Compression
	}
	o.Text.QuotedNulls = s.Files.Layout == layout.DLT
	if text != nil {
		o.Decode = text.Decode
		if text.UTC {
			o.Zone = format.ZoneUTC
		}
		o.Text.Columns, o.Text.NoHeader = text.Columns, len(text.Columns) > 0
		o.Text.Delimiter = "" // the format's own
	}
	return o
}

// origin is a digest of where the files are and whose they are.
func (s *FileSettings) origin() string {
	of := []string{s.URL, s.Layout, s.Table, s.Path, strings.Join(s.Match, "\n")}
	return hash([]byte(strings.Join(of, "\x00")))[:16]
}

func (s *FileSettings) layout() layout.Options {
	return layout.Options{
		Layout: s.Layout, Table: s.Table, Match: s.Match, Path: s.Path, Complete: s.Complete, Now: time.Now(),
	}
}

// nothingThere warns that no file of a table is there that has loaded none yet.
func (s *FileSettings) nothingThere() string {
	if s.Layout == layout.Plain || s.Layout == "" {
		return "no file below files.url matches files.match (if files should be there, correct these keys, and see " +
			"that the worker has the folder)"
	}
	return "no load of the table is below files.url (if one should be there, correct files.url and files.table, and " +
		"see that the worker has the folder)"
}

// filesRetry is the pause before looking again for files that are not complete.
const filesRetry = 10 * time.Second

// translateFiles turns an error of the store of files into a failure; other errors are those of translate.
func translateFiles(ctx context.Context, err error, at where) error {
	var app *temporal.ApplicationError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &app), ctx.Err() != nil:
	case errors.Is(err, files.ErrChanged), errors.Is(err, files.ErrNotFound):
		return at.permanent(failure.FilesChanged, err, "")
	case errors.Is(err, files.ErrForeign), errors.Is(err, files.ErrRejected), errors.Is(err, files.ErrURL),
		errors.Is(err, layout.ErrLayout), errors.Is(err, format.ErrFile), errors.Is(err, format.ErrColumns):
		return at.permanent(failure.FilesRefused, err, "")
	case errors.Is(err, files.ErrCredentials):
		return temporal.NewApplicationErrorWithOptions(at.text(err), failure.FilesRefused,
			temporal.ApplicationErrorOptions{
				NonRetryable: lasted(ctx, failure.FilesRefused, patience), Details: []any{at.details(err, "")},
			})
	case errors.Is(err, files.ErrUnavailable):
		return temporal.NewApplicationErrorWithOptions(at.text(err), failure.FilesUnavailable,
			temporal.ApplicationErrorOptions{Details: []any{at.details(err, "")}})
	}
	return translate(ctx, err, at)
}

// filesIncomplete is the failure of a try that has found nothing to load yet.
func filesIncomplete(what string) error {
	return temporal.NewApplicationErrorWithOptions(what, failure.FilesIncomplete, temporal.ApplicationErrorOptions{
		NextRetryDelay: filesRetry, Details: []any{failure.Details{What: what}},
	})
}

// filesRefused is a refusal of files as they are.
func filesRefused(remedy, text string, args ...any) error {
	return failure.New(failure.FilesRefused, fmt.Sprintf(text, args...), remedy)
}

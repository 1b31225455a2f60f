package app

import (
	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/config"
	_ "github.com/tablehaul/tablehaul/internal/files/folder" // file:// URLs
	"github.com/tablehaul/tablehaul/internal/files/format"
)

// filesOf says where the files of a table are; nil where it is read from a server.
func filesOf(t config.Table) *activities.FileSettings {
	f := t.Files
	if f == nil {
		return nil
	}
	out := &activities.FileSettings{
		URL: f.URL, Layout: f.Layout, Table: f.Table, Path: f.Path, Match: f.Match, Complete: f.Complete,
		Format: f.Format, Compression: f.Compression, Bytes: f.Bytes, Zone: f.Zone, MaxRow: f.MaxRow, After: f.After,
		Columns: t.Columns.Include,
		Text:    format.Text{NoHeader: !f.CSV.Header, Delimiter: f.CSV.Delimiter, Nulls: f.CSV.Nulls},
	}
	if out.Text.NoHeader {
		out.Text.Columns = t.Columns.Include
	}
	for _, c := range f.Create {
		out.Create = append(out.Create, activities.ColumnType{Name: c.Column, Type: c.Value})
	}
	return out
}

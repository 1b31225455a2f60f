package activities

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/files/format"
	"github.com/tablehaul/tablehaul/internal/files/layout"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// describeFilesTarget makes the table of a missing target out of files.create or the maker's schema.
func (p *planDraft) describeFilesTarget() error {
	s := p.settings
	maker := p.files.found.Schema
	key := s.Key
	if len(key) == 0 && maker != nil {
		key = maker.Key
	}
	t := &schema.Table{Name: s.Target, PrimaryKey: key, Charset: "utf8mb4", Collation: "utf8mb4_bin", Engine: "InnoDB"}
	p.table = t
	columns := s.Files.Create
	if len(columns) == 0 {
		columns = makerColumns(maker, key)
	}
	if len(columns) == 0 {
		p.refuseFiles("", fmt.Sprintf("the target %s does not exist, and nothing says what its columns are", s.Target),
			"create it, or name its columns under files.create")
		return nil
	}
	if len(key) == 0 {
		p.refuseFiles("", fmt.Sprintf("the target %s does not exist, and nothing says what its key is", s.Target),
			"name its columns under key")
		return nil
	}
	for _, c := range columns {
		one, err := schema.ParseType(c.Type, table.Column{Name: c.Name, Nullable: !table.HasColumn(key, c.Name)})
		if err != nil {
			p.refuseFiles(c.Name, "files.create: "+err.Error(), "write a type of MySQL's, such as bigint or "+
				"varchar(20)")
			continue
		}
		t.Columns = append(t.Columns, schema.Column{Column: one})
	}
	primary := schema.Index{Name: schema.PrimaryIndex, Unique: true, Type: "BTREE"}
	for _, name := range key {
		c := t.Column(name)
		if c == nil {
			p.refuseFiles(name, "column "+name+" is in the key, and not among the columns of the target to create",
				"name it under files.create")
			continue
		}
		primary.Columns = append(primary.Columns, schema.IndexColumn{Column: c.Name})
	}
	t.Indexes = []schema.Index{primary}
	return nil
}

// makerTypes are MySQL's types of dlt's data types that have one form only.
var makerTypes = map[string]string{
	"text": "longtext", "bigint": "bigint", "double": "double", "bool": "tinyint(1)", "timestamp": "datetime(6)",
	"date": "date", "time": "time(6)", "wei": "decimal(65,0)", "binary": "longblob", "json": "json", "complex": "json",
}

// keyTypes are those of columns in a key, which have to be of a bounded length.
var keyTypes = map[string]string{"text": "varchar(255)", "binary": "varbinary(255)"}

// makerColumns are the columns of a target to create in MySQL's types; none where the maker does not know them all.
func makerColumns(maker *layout.Schema, key []string) (out []ColumnType) {
	if maker == nil {
		return nil
	}
	for _, c := range maker.Columns {
		typ, known := makerTypes[c.Type]
		switch {
		case c.Type == "":
			return nil
		case keyTypes[c.Type] != "" && table.HasColumn(key, c.Name):
			typ = keyTypes[c.Type]
		case c.Type == "decimal" && c.Precision == 0:
			typ = "decimal(38,9)" // dlt's own default
		case c.Type == "decimal":
			typ = fmt.Sprintf("decimal(%d,%d)", c.Precision, c.Scale)
		case !known:
			typ = c.Type // a dump has MySQL's types
		}
		out = append(out, ColumnType{Name: c.Name, Type: typ})
	}
	return out
}

// chooseFileColumns decides the columns of the table, once for all of its files: those that the configuration names,
// or the maker's schema, or what the first file has in all of its rows. No others are written.
func (p *planDraft) chooseFileColumns(ctx context.Context) error {
	names, err := p.fileColumns(ctx)
	if err != nil || names == nil {
		return err
	}
	all := p.table
	p.table = withColumns(all, names)
	for _, key := range all.PrimaryKey {
		if p.table.Column(key) == nil {
			p.refuseFiles(key, "column "+key+" is in the target's key, and the files do not have it",
				"name other columns under key, or have the files hold it")
		}
	}
	if mark := p.files.marksDeleted(); mark != "" && !p.removes() {
		p.checkHardDelete(mark)
	}
	if cursor := p.settings.Cursor; cursor != "" {
		c := p.table.Column(cursor)
		if c == nil {
			p.refuseFiles(cursor, "column "+cursor+" is the cursor, and not among the columns of the files and the "+
				"target",
				"correct cursor, or leave it out: the later load wins then")
			return nil
		}
		p.settings.Cursor = c.Name
	}
	return nil
}

// checkHardDelete refuses a target without the column by which the maker marks deleted rows: they would look as if they
// were there.
func (p *planDraft) checkHardDelete(mark string) {
	for _, name := range p.files.names {
		if name == mark {
			p.findings = append(p.findings, table.Finding{
				Level: table.LevelInfo, Table: p.settings.Table.String(), Column: mark,
				Text:   "the maker marks deleted rows by column " + mark + ": they stay on the target, with the mark",
				Remedy: "set deletes: { mode: hard } where such rows are to go, or { mode: soft }",
			})
			return
		}
	}
	p.refuseFiles(mark, "the maker marks deleted rows by column "+mark+", which the target does not have: they would "+
		"look as if they were there", "set deletes: { mode: hard }, which deletes them, or { mode: soft }; or add the "+
		"column to the target, and leave rows with the mark out where it is read")
}

// fileColumns are the names of the table's columns, as the target has them; nil where nothing says them yet.
func (p *planDraft) fileColumns(ctx context.Context) ([]string, error) {
	f, s := p.files, p.settings
	maker := f.found.Schema
	switch {
	case len(s.Files.Columns) > 0:
		names, err := p.onFilesTarget(ctx, "columns.include", s.Files.Columns, table.LevelRefuse)
		if err != nil {
			return nil, err
		}
		return names, p.takeMakerNames(ctx, names)
	case maker != nil && len(maker.Columns) > 0:
		names := maker.Names()
		for _, name := range f.found.Internal {
			if p.table.Column(name) != nil {
				names = append(names, name)
			}
		}
		return p.onFilesTarget(ctx, "the maker's schema", names, table.LevelWarn)
	case len(f.done.Columns) > 0:
		return p.onFilesTarget(ctx, "the columns of the first file", f.done.Columns, table.LevelWarn)
	}
	i := slices.IndexFunc(f.loads, func(l layout.Load) bool { return len(l.Files) > 0 })
	if i < 0 {
		return nil, nil
	}
	first := f.loads[i].Files[0]
	names, err := p.namesIn(ctx, first)
	if err != nil {
		return nil, err
	}
	f.done.Columns = names
	return p.onFilesTarget(ctx, first.Key, names, table.LevelWarn)
}

// onFilesTarget are columns of files by the names that the target has for them. What it does not have is a finding.
func (p *planDraft) onFilesTarget(
	ctx context.Context, of string, names []string, missing table.Level,
) ([]string, error) {
	matched, err := format.Match(of, names, p.table.Values())
	if err != nil {
		return nil, translateFiles(ctx, err, p.filesAt())
	}
	out := make([]string, len(matched.Columns))
	for i, c := range matched.Columns {
		out[i], p.files.names[c.Name] = c.Name, c.SourceName()
	}
	lacking := slices.DeleteFunc(matched.Extra, func(name string) bool {
		return p.removes() && format.SameName(name, p.files.marksDeleted()) // it is read all the same
	})
	if len(lacking) > 0 {
		p.findings = append(p.findings, table.Finding{
			Level: missing, Table: p.settings.Table.String(), Column: lacking[0],
			Text: fmt.Sprintf("the target %s has no column for %s of the files: what they hold there is not loaded",
				p.settings.Target, strings.Join(lacking, ", ")),
			Remedy: "add it to the target, or name the columns to load under columns.include",
		})
	}
	return out, nil
}

// takeMakerNames has the columns that the configuration names known by the maker's names for them: what its schema says
// of a column, such as that it marks deleted rows, is by those.
func (p *planDraft) takeMakerNames(ctx context.Context, columns []string) error {
	maker := p.files.found.Schema
	if maker == nil {
		return nil
	}
	matched, err := format.Match("the maker's schema", maker.Names(), withColumns(p.table, columns).Values())
	for _, c := range matched.Columns {
		p.files.names[c.Name] = c.SourceName()
	}
	return translateFiles(ctx, err, p.filesAt())
}

// namesIn are all columns that a file has: of JSON, those of all of its rows.
func (p *planDraft) namesIn(ctx context.Context, file layout.File) ([]string, error) {
	f, err := p.files.store.Open(ctx, file.Entry)
	if err != nil {
		return nil, translateFiles(ctx, err, p.filesAt())
	}
	defer f.Close() //nolint:errcheck // opened for reading
	names, err := format.Names(ctx, f, file.Key, p.settings.formatOptions(file, p.files.found.Text))
	return names, translateFiles(ctx, err, p.filesAt())
}

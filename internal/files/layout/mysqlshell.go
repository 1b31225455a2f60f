package layout

import (
	"context"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/files"
)

// What MySQL Shell writes first and last into the folder of a dump.
const (
	shellBegin = "@.json"
	shellDone  = "@.done.json"
	// maxShellDoc bounds what is read of a file of metadata, in bytes. @.done.json has a line for each chunk.
	maxShellDoc = 256 << 20
)

// shell finds a table in the newest complete dump below the url: util.dumpInstance, dumpSchemas and dumpTables.
type shell struct{ options Options }

func newShell(o Options, c complete) (discoverer, error) {
	if schema, table, ok := strings.Cut(o.Table, "."); !ok || schema == "" || table == "" {
		return nil, refuse("layout: mysqlshell has table %q: write schema.table, as the dump's source has it", o.Table)
	}
	if c.kind != MySQLShell && c.kind != "" {
		return nil, refuse("complete: %s does not go with layout: mysqlshell, whose dumps end with %s",
			o.Complete, shellDone)
	}
	return shell{o}.discover, nil
}

// dump is a folder with a dump.
type dump struct {
	dir, key string
	begin    time.Time
	done     bool
	entries  map[string]files.Entry // by name within the folder
	newest   time.Time
	doc      struct {
		Version   string
		Begin     string
		Basenames map[string]string
		TzUTC     *bool `json:"tzUtc"`
	}
}

// shellTable is schema@table.json.
type shellTable struct {
	Options struct {
		Columns             []string
		DecodeColumns       map[string]string
		DefaultCharacterSet string
		FieldsTerminatedBy  string
		FieldsEnclosedBy    string
		FieldsEscapedBy     string
		LinesTerminatedBy   string
	}
	IncludesData *bool
	Extension    string
	Compression  string
	PrimaryIndex []string
	Basenames    map[string]string // of partitions
}

func (s shell) discover(ctx context.Context, store files.Store) (Found, error) {
	dumps, err := s.dumps(ctx, store)
	if err != nil {
		return Found{}, err
	}
	var found Found
	var others []string
	for _, d := range dumps {
		if !d.done {
			found.Waiting = append(found.Waiting, Wait{
				ID: d.key, Since: d.newest,
				Why: fmt.Sprintf("the dump %s has no %s yet", d.key, shellDone),
			})
			continue
		}
		base, known, err := s.basename(ctx, store, d)
		if err != nil {
			return Found{}, err
		}
		if base == "" {
			others = append(others, known...)
			continue
		}
		// Dumps before it hold older rows only.
		wait, err := s.load(ctx, store, d, base, &found)
		if wait != "" {
			found.Waiting = append(found.Waiting, Wait{ID: d.key, Why: wait, Since: d.newest})
		}
		return found, err
	}
	if len(others) > 0 {
		slices.Sort(others)
		others = slices.Compact(others)
		return Found{}, refuse("the dump has no table %s; it has %s", s.options.Table,
			strings.Join(others[:min(len(others), 20)], ", "))
	}
	return found, nil
}

// dumps are those below the url, the newest first.
func (s shell) dumps(ctx context.Context, store files.Store) ([]*dump, error) {
	byDir := map[string]*dump{}
	err := store.List(ctx, "", func(e files.Entry) error {
		dir, name := path.Split(e.Key)
		d := byDir[dir]
		if d == nil {
			d = &dump{dir: dir, entries: map[string]files.Entry{}}
			byDir[dir] = d
		}
		d.entries[name] = e
		if e.Modified.After(d.newest) {
			d.newest = e.Modified
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(byDir) > 0 && !slices.ContainsFunc(slices.Collect(maps.Values(byDir)), (*dump).begun) {
		return nil, refuse("no %s is there: write the url of a MySQL Shell dump, or of the folder above dumps",
			shellBegin)
	}
	var out []*dump
	for _, dir := range slices.Sorted(maps.Keys(byDir)) {
		d := byDir[dir]
		if !d.begun() {
			continue
		}
		d.key, d.begin = dir+shellBegin, d.entries[shellBegin].Modified
		if _, d.done = d.entries[shellDone]; d.done {
			if err := readDoc(ctx, store, d.entries[shellBegin], &d.doc); err != nil {
				return nil, err
			}
			if v := d.doc.Version; !strings.HasPrefix(v, "1.") && !strings.HasPrefix(v, "2.") {
				return nil, refuse("%s is of version %q of MySQL Shell's dumps: 1 and 2 are known here", d.key, v)
			}
			if at, err := time.Parse(time.DateTime, d.doc.Begin); err == nil {
				d.begin = at
			}
		}
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b *dump) int { return b.begin.Compare(a.begin) })
	return out, nil
}

func (d *dump) begun() bool {
	_, ok := d.entries[shellBegin]
	return ok
}

// basename is what the names of the table's files begin with; empty where the dump does not have the table. Then known
// are those that it has.
func (s shell) basename(ctx context.Context, store files.Store, d *dump) (base string, known []string, err error) {
	for _, schema := range slices.Sorted(maps.Keys(d.doc.Basenames)) {
		e, ok := d.entries[d.doc.Basenames[schema]+".json"]
		if !ok {
			continue
		}
		table, ours := strings.CutPrefix(s.options.Table, schema+".")
		var doc struct{ Basenames map[string]string }
		if err := readDoc(ctx, store, e, &doc); err != nil {
			return "", nil, err
		}
		if name, ok := doc.Basenames[table]; ours && ok {
			return name, nil, nil
		}
		for name := range doc.Basenames {
			known = append(known, schema+"."+name)
		}
	}
	return "", known, nil
}

// load adds the table's files of a dump; wait says what of them is missing.
func (s shell) load(
	ctx context.Context, store files.Store, d *dump, base string, found *Found,
) (wait string, err error) {
	var t shellTable
	e, ok := d.entries[base+".json"]
	if !ok {
		return fmt.Sprintf("%s%s.json is missing", d.dir, base), nil
	}
	if err := readDoc(ctx, store, e, &t); err != nil {
		return "", err
	}
	if t.IncludesData != nil && !*t.IncludesData {
		return "", refuse("the dump %s has no data of %s: it was made with ddlOnly", d.key, s.options.Table)
	}
	if found.Text, err = s.text(d, t); err != nil {
		return "", err
	}
	found.Schema = &Schema{Key: t.PrimaryIndex}
	for _, name := range t.Options.Columns {
		found.Schema.Columns = append(found.Schema.Columns, Column{Name: name, Nullable: true})
	}
	bases := slices.Sorted(maps.Values(t.Basenames))
	if len(bases) == 0 {
		bases = []string{base}
	}
	// @.done.json is of all tables of the dump, and so no Marker of the load: a dump without it is no complete one.
	load := Load{ID: d.key, Time: d.begin, Completed: d.entries[shellDone].Arrived(), Snapshot: true}
	if load.Files, wait, err = s.chunks(ctx, store, d, bases, t); err != nil || wait != "" {
		return wait, err
	}
	load.Version = Version(load.Files)
	found.Loads = append(found.Loads, load)
	return "", nil
}

// text is how the dump's files are written.
func (s shell) text(d *dump, t shellTable) (*Text, error) {
	o := t.Options
	for _, one := range []struct{ name, is, want string }{ // what the reader of tsv can do
		{"fieldsTerminatedBy", o.FieldsTerminatedBy, "\t"},
		{"fieldsEnclosedBy", o.FieldsEnclosedBy, ""},
		{"fieldsEscapedBy", o.FieldsEscapedBy, `\`},
		{"linesTerminatedBy", o.LinesTerminatedBy, "\n"},
	} {
		if one.is != one.want {
			return nil, refuse("the dump %s has %s %q, and only %q can be read: dump with dialect: default", d.key,
				one.name, one.is, one.want)
		}
	}
	if c := strings.ToLower(o.DefaultCharacterSet); c != "utf8mb4" && c != "utf8mb3" && c != "utf8" {
		return nil, refuse("the dump %s is in the character set %q: dump with defaultCharacterSet: utf8mb4", d.key, c)
	}
	out := &Text{Columns: o.Columns, UTC: d.doc.TzUTC == nil || *d.doc.TzUTC}
	for _, column := range slices.Sorted(maps.Keys(o.DecodeColumns)) {
		function := o.DecodeColumns[column]
		how := map[string]string{"FROM_BASE64": "base64", "UNHEX": "hex"}[function]
		if how == "" {
			return nil, refuse("the dump %s decodes %s with %s, which is not known here", d.key, column, function)
		}
		if out.Decode == nil {
			out.Decode = map[string]string{}
		}
		out.Decode[column] = how
	}
	return out, nil
}

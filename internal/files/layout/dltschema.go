package layout

import (
	"bytes"
	"cmp"
	"compress/zlib"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/files"
)

// dltSchema is what a pipeline's schema says about the table; name is empty where no schema is there yet.
type dltSchema struct {
	name, resource string
}

// dltTable is a table in a schema of dlt.
type dltTable struct {
	Name        string
	Resource    string
	Parent      string
	Disposition string `json:"write_disposition"`
	TableFormat string `json:"table_format"`
	Strategy    string `json:"x-merge-strategy"`
	// Filter and Scope are SQL conditions of a merge: source_filter and destination_scope.
	Filter  string `json:"x-merge-source-filter"`
	Scope   string `json:"x-merge-destination-scope"`
	Columns dltColumns
}

type dltColumn struct {
	Name       string
	Type       string `json:"data_type"`
	Nullable   *bool
	Precision  int
	Scale      int
	Timezone   *bool
	PrimaryKey bool   `json:"primary_key"`
	MergeKey   bool   `json:"merge_key"`
	HardDelete bool   `json:"hard_delete"`
	DedupSort  string `json:"dedup_sort"`
}

// dltColumns keeps the order of a JSON object's keys.
type dltColumns []dltColumn

// UnmarshalJSON reads an object of columns by name.
func (c *dltColumns) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var column dltColumn
		if err := d.Decode(&column); err != nil {
			return err
		}
		column.Name, _ = name.(string)
		*c = append(*c, column)
	}
	return nil
}

// schema fills found.Schema from the schema that the newest complete load has used, among the schemas of the dataset
// that know the table.
func (d dlt) schema(
	ctx context.Context, s files.Store, markers []dltMarker, found *Found,
) (dltSchema, error) {
	newest := map[string]dltMarker{}
	for _, m := range markers {
		newest[m.schema] = m
	}
	byAge := slices.SortedFunc(maps.Values(newest), func(a, b dltMarker) int { return b.time.Compare(a.time) })
	known := map[string]bool{}
	for _, m := range byAge {
		tables, err := d.tables(ctx, s, m)
		if err != nil {
			return dltSchema{}, err
		}
		if _, ok := tables[d.options.Table]; ok {
			t, err := d.table(tables)
			found.Schema = t
			return dltSchema{name: m.schema, resource: tables[d.options.Table].Resource}, err
		}
		for name := range tables {
			known[name] = !strings.HasPrefix(name, "_dlt_")
		}
	}
	names := slices.Sorted(maps.Keys(known))
	names = slices.DeleteFunc(names, func(name string) bool { return !known[name] })
	if len(names) > 0 {
		return dltSchema{}, refuse("dlt's schema has no table %q; it has %s",
			d.options.Table, strings.Join(names, ", "))
	}
	return dltSchema{}, nil
}

// tables are those of the schema version that a load has used, else of the newest that is stored.
func (d dlt) tables(ctx context.Context, s files.Store, m dltMarker) (map[string]dltTable, error) {
	text, err := readSmall(ctx, s, m.Entry, maxMarker)
	if err != nil {
		return nil, err
	}
	var marker struct {
		Hash string `json:"schema_version_hash"`
	}
	_ = json.Unmarshal(text, &marker) // without a hash the newest schema counts
	hash, _ := base64.StdEncoding.DecodeString(marker.Hash)
	e, ok, err := newestNamed(ctx, s, dltSchemas, func(name string) bool { return name == m.schema },
		hex.EncodeToString(hash))
	if err != nil || !ok {
		return nil, err
	}
	if text, err = readSmall(ctx, s, e, maxDLTDoc); err != nil {
		return nil, err
	}
	var doc struct{ Schema string }
	var schema struct{ Tables map[string]dltTable }
	if json.Unmarshal(text, &doc) != nil || json.Unmarshal([]byte(doc.Schema), &schema) != nil {
		return nil, refuse("%s holds no schema of dlt", e.Key)
	}
	return schema.Tables, nil
}

// newestNamed is the newest of the files <name>__<load id>__<hash>.jsonl, or the one that has the hash.
func newestNamed(ctx context.Context, s files.Store, folder string, ours func(name string) bool, hash string,
) (e files.Entry, ok bool, err error) {
	var newest time.Time
	exact := false
	err = s.List(ctx, folder, func(candidate files.Entry) error {
		parts := strings.Split(strings.TrimSuffix(path.Base(candidate.Key), ".jsonl"), "__")
		n := len(parts)
		if exact || n < 3 || !ours(strings.Join(parts[:n-2], "__")) {
			return nil
		}
		at, isTime := loadTime(parts[n-2])
		if exact = hash != "" && parts[n-1] == hash; exact || isTime && !at.Before(newest) {
			e, ok, newest = candidate, true, at
		}
		return nil
	})
	return e, ok, err
}

// merge adds to a schema how dlt merges the table: as it does the root of a child table, the table itself for others.
func (s *Schema) merge(tables map[string]dltTable, t dltTable) {
	s.Disposition, s.Strategy = t.Disposition, t.Strategy
	for depth := 0; t.Parent != "" && depth < 100; depth++ {
		t = tables[t.Parent]
		s.Disposition, s.Strategy = cmp.Or(s.Disposition, t.Disposition), cmp.Or(s.Strategy, t.Strategy)
	}
	keyed := t.Scope != ""
	for _, c := range t.Columns {
		if keyed = keyed || c.PrimaryKey || c.MergeKey; c.MergeKey {
			s.MergeKey = append(s.MergeKey, c.Name)
		}
	}
	switch {
	case t.Filter != "":
		s.Condition = "source_filter"
	case t.Scope != "":
		s.Condition = "destination_scope"
	}
	if s.Parent != "" && s.Disposition == Merge && !keyed {
		s.Disposition = "append" // dlt appends what has no key to merge by
	}
}

// table is what the schema says about the table.
func (d dlt) table(tables map[string]dltTable) (*Schema, error) {
	t := tables[d.options.Table]
	s := &Schema{Parent: t.Parent}
	s.merge(tables, t)
	if t.TableFormat != "" {
		return nil, refuse("dlt keeps %s as a %s table, whose files are not to be read one by one: let it write "+
			"parquet or jsonl without table_format", d.options.Table, t.TableFormat)
	}
	for _, c := range t.Columns {
		if slices.Contains(dltInternal, c.Name) || c.Type == "" {
			continue // a column without a type has had no value yet, and is in no file
		}
		nullable := c.Nullable == nil || *c.Nullable
		s.Columns = append(s.Columns, Column{
			Name: c.Name, Type: c.Type, Precision: c.Precision, Scale: c.Scale,
			Nullable: nullable, NoTimezone: c.Timezone != nil && !*c.Timezone,
		})
		if c.PrimaryKey {
			s.Key = append(s.Key, c.Name)
		}
		if c.HardDelete {
			s.HardDelete = c.Name
		}
		if c.DedupSort != "" {
			s.DedupSort, s.DedupDescending = c.Name, c.DedupSort == "desc"
		}
	}
	return s, nil
}

// maxState bounds a pipeline's state when it is unpacked, in bytes: it says how large it is nowhere.
const maxState = 16 << 20

// watermark is up to where the pipeline's resource has read, by the newest state. What cannot be read offers nothing.
func (d dlt) watermark(ctx context.Context, s files.Store, schema dltSchema) (*Watermark, error) {
	if schema.name == "" || schema.resource == "" {
		return nil, nil
	}
	e, ok, err := newestNamed(ctx, s, dltStates, func(string) bool { return true }, "")
	if err != nil || !ok {
		return nil, err
	}
	text, err := readSmall(ctx, s, e, maxDLTDoc)
	if err != nil {
		return nil, err
	}
	var doc struct{ State string }
	var state struct {
		Sources map[string]struct {
			Resources map[string]struct {
				Incremental map[string]struct {
					Last json.RawMessage `json:"last_value"`
				}
			}
		}
	}
	if json.Unmarshal(text, &doc) != nil || json.Unmarshal(unpacked(doc.State), &state) != nil {
		return nil, nil
	}
	var out *Watermark
	for _, source := range state.Sources {
		for column, i := range source.Resources[schema.resource].Incremental {
			value := string(i.Last)
			if json.Unmarshal(i.Last, &value) == nil {
				value = strings.TrimLeftFunc(value, isTypeMark)
			}
			if out != nil || value == "" || strings.ContainsAny(value[:1], "[{n") {
				return nil, nil // none that is a plain value, or more than one: there is no watermark to offer
			}
			out = &Watermark{Column: column, Value: value}
		}
	}
	return out, nil
}

// isTypeMark reports a character that dlt's JSON puts before a text that is a time, a decimal or bytes.
func isTypeMark(r rune) bool { return r >= 0xf026 && r <= 0xf02f }

// unpacked is base64 of zlib; nil where it is not, or is too large.
func unpacked(text string) []byte {
	r, err := zlib.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return nil
	}
	out, err := io.ReadAll(io.LimitReader(r, maxState+1))
	if err != nil || len(out) > maxState {
		return nil
	}
	return out
}

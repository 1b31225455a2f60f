package config

import (
	"slices"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Files say where the files are that a table is loaded from, and what is in them.
type Files struct {
	// URL is that of a folder or of a prefix of a bucket. It holds no credentials.
	URL string
	// Layout is how the maker lays its files out, Table the maker's name of the table, and Path its layout of names.
	Layout, Table, Path string
	// Match are globs of the files of layout plain.
	Match []string
	// Complete says when a load is complete; empty: as the layout says.
	Complete string
	// Format and Compression are "auto" where the files say it themselves.
	Format, Compression string
	CSV                 CSV
	// Bytes is how text files write bytes: base64, hex, raw, or empty for none.
	Bytes string
	// Zone is UTC where moments without a zone are, or empty.
	Zone string
	// MaxRow bounds a row, in bytes of the file.
	MaxRow int64
	// After is keep, delete, or move:<prefix>.
	After string
	// Create has the types of the columns of a target that is missing.
	Create []ColumnSetting
}

// CSV says how a text file of fields is written.
type CSV struct {
	Header bool
	// Delimiter is empty where it is that of the format.
	Delimiter string
	// Nulls are the texts that mean NULL.
	Nulls []string
}

// Layouts of files, and what becomes of them.
const (
	LayoutPlain   = "plain"
	LayoutDLT     = "dlt"
	AfterKeep     = "keep"
	AfterDelete   = "delete"
	afterMove     = "move:"
	completeAfter = "settled:"
	byMarker      = "marker:"
)

var builtinFiles = Files{
	Layout: LayoutPlain, Format: formatAuto, Compression: formatAuto, MaxRow: 32 * mib, After: AfterKeep,
	CSV: CSV{Header: true},
}

const formatAuto = "auto"

// filesKeys are the keys of an entry of tables that is loaded from files.
var filesKeys = []field[Table]{
	{"files", "", "", "The table is loaded from files that others write, and has no sourceConnection: see “files” " +
		"below.", setFiles},
}

// filesFields are the keys under "files".
var filesFields = []field[Files]{
	{"url", "required", "file:///folder, s3://bucket/prefix", "Where the files are. The parameters of s3 are those of " +
		"`staging.url`. A worker has to reach it.", setFilesURL},
	wordField("layout", builtinFiles.Layout, []string{LayoutDLT, "mysqlshell", LayoutPlain}, "Who writes the "+
		"files: dlt, a dump of MySQL Shell, or any program (plain), whose files match finds.",
		func(f *Files) *string { return &f.Layout }),
	textField("table", "", "orders, or shop.orders for a dump", "The maker's own name of the table, for dlt and "+
		"mysqlshell.", nil, func(f *Files) *string { return &f.Table }),
	textField("path", "", "{table_name}/{load_id}.{file_id}.{ext}", "dlt's layout of file names, where a pipeline "+
		"sets another one than this.", nil, func(f *Files) *string { return &f.Path }),
	{"match", "", `["orders/*.parquet"]`, "Which files are the table's, for plain: globs relative to url. ** is any " +
		"number of folders. Names that begin with a dot or an underscore need it in the glob.", setMatch},
	textField("complete", "", "dlt, mysqlshell, marker:_SUCCESS, settled:10m", "When files may be read. dlt and "+
		"mysqlshell: when the maker has marked them. marker: when a file of that name is there beside them. settled: "+
		"when size and time have not changed for so long. Without the key: as the layout says; plain needs it.",
		checkComplete, func(f *Files) *string { return &f.Complete }),
	wordField("format", builtinFiles.Format, []string{formatAuto, "parquet", "jsonl", "json", "csv", "tsv"},
		"What the files are; auto: by their names and first bytes.", func(f *Files) *string { return &f.Format }),
	wordField("compression", builtinFiles.Compression, []string{formatAuto, "none", "gzip", "zstd", "snappy", "lz4"},
		"How the files are packed; auto: by their names and first bytes.",
		func(f *Files) *string { return &f.Compression }),
	{"csv", "", "", "How csv and tsv files are written: see “files.csv” below.", setCSV},
	wordField("bytes", builtinFiles.Bytes, []string{"base64", "hex", "raw"}, "How text files write the values of "+
		"binary columns. Without the key such columns are refused, but in tsv, which has raw bytes.",
		func(f *Files) *string { return &f.Bytes }),
	wordField("zone", builtinFiles.Zone, []string{"UTC"}, "UTC: moments with a zone go into DATETIME columns as UTC, "+
		"and moments without one are UTC in TIMESTAMP columns. Without the key such rows are refused.",
		func(f *Files) *string { return &f.Zone }),
	sizeField("maxRow", builtinFiles.MaxRow, 1<<10, 1<<30, "The most bytes that a row may have in a file.",
		func(f *Files) *int64 { return &f.MaxRow }),
	textField("after", builtinFiles.After, "keep, delete, move:done", "What becomes of files that are loaded. move: "+
		"they get this prefix before their names, below the same url; runs do not see what is there, also after a "+
		"change of this key.", checkAfter,
		func(f *Files) *string { return &f.After }),
	columnTypes("create", "{ id: bigint, amount: \"decimal(12,2)\" }", "Columns and types of a target that is "+
		"missing. Those of `key` are NOT NULL. Without it, and without a schema of the maker's, the target has to be "+
		"there.", func(f *Files) *[]ColumnSetting { return &f.Create }),
}

// csvFields are the keys under "files.csv".
var csvFields = []field[Files]{
	boolField("header", builtinFiles.CSV.Header, "The first line names the columns. false: the fields are those of "+
		"`columns.include`, in that order.", func(f *Files) *bool { return &f.CSV.Header }),
	textField("delimiter", "", "one character", "Between two fields. Without the key: a comma in csv, a tab in tsv.",
		checkCharacter, func(f *Files) *string { return &f.CSV.Delimiter }),
	{"nulls", "", `["\\N"]`, "Fields without quotes that mean NULL. Where it is not given, nullable text columns are " +
		"refused: CSV cannot tell NULL from an empty text.", setNulls},
}

func setFiles(d *decoder, a at, t *Table) {
	f := builtinFiles
	found := decodeMapping(d, a, filesFields, map[string]string{
		"":       "write { url: file:///folder, match: [\"*.parquet\"], complete: \"settled:10m\" }",
		"header": "write it under files.csv", "delimiter": "write it under files.csv",
		"nulls": "write it under files.csv", "columns": "write columns: { include: [...] } beside files",
		"key": "write it beside files", "cursor": "write it beside files",
		"dedup_sort": "leave it out: dlt's hint is in its schema; by cursor, beside files, the newest row wins",
		"dedupSort":  "leave it out: dlt's hint is in its schema; by cursor, beside files, the newest row wins",
		"replace":    "leave it out: rows that a load lacks stay on the target",
		"deletes":    "write deletes: { mode: hard } beside files, for rows that dlt marks as deleted",
		"keep":       "write after: keep, delete, or move:done",
	}, &f)
	t.Files = &f
	where := func(key string) at {
		if p, ok := found[key]; ok {
			return p
		}
		return at{join(a.path, key), a.node}
	}
	if _, ok := found["url"]; !ok {
		d.missing(a, join(a.path, "url"), "for example file:///lake/export or s3://bucket/prefix")
	}
	plain := f.Layout == LayoutPlain
	switch {
	case plain && len(f.Match) == 0:
		d.missing(a, join(a.path, "match"), `layout: plain finds files by globs, such as ["orders/*.parquet"]`)
	case !plain && len(f.Match) > 0:
		d.problem(where("match"), "leave it out, or use layout: plain", "layout: %s knows its own files", f.Layout)
	case !plain && f.Table == "":
		d.missing(a, join(a.path, "table"), "write the name that "+f.Layout+" has for the table")
	case plain && f.Table != "":
		d.problem(where("table"), "leave it out: match finds the files", "layout: plain has no names of tables")
	}
	d.checkShell(found, &f)
	kind, _, _ := strings.Cut(f.Complete, ":")
	switch {
	case plain && f.Complete == "":
		d.missing(a, join(a.path, "complete"), "write marker:_SUCCESS where the maker writes such a file last, or "+
			"settled:10m")
	case plain && (kind == "dlt" || kind == "mysqlshell"), !plain && kind != "" && kind != f.Layout:
		d.problem(where("complete"), "leave it out, or use layout: "+kind, "complete: %s does not go with layout: %s",
			f.Complete, f.Layout)
	}
}

// checkShell reports keys that say how files are written, where a dump of MySQL Shell says it itself.
func (d *decoder) checkShell(found map[string]at, f *Files) {
	if f.Layout != "mysqlshell" {
		return
	}
	for _, key := range []string{"csv", "bytes"} {
		if p, ok := found[key]; ok {
			d.problem(p, "leave it out", "layout: mysqlshell knows it from the dump")
		}
	}
	if f.Format != formatAuto && f.Format != "tsv" {
		d.problem(found["format"], "leave it out", "layout: mysqlshell has tsv files")
	}
}

// checkFiles reports keys that contradict files. given are the keys that the entry has itself.
func (d *decoder) checkFiles(place at, given map[string]at, e *entry) {
	t := &e.settings
	if t.Files == nil {
		return
	}
	refuse := func(key, remedy, text string) {
		if a := given[key]; a.node != nil {
			d.problem(a, remedy, "%s", text)
		}
	}
	refuse("sourceConnection", "leave it out", "a table of files has no source connection")
	t.SourceConnection = ""
	if e.source.wild {
		d.problem(given["name"], "write one entry per table", "a table of files is no family: %s has a *", e.source)
	}
	for _, key := range []string{
		"where", "keysDisjoint", "overlap", "cursorZone", "cursorUnit", "minLag", "fixedLag",
		"allowReplica",
	} {
		refuse(key, "leave it out", "a table of files has no source that could be asked: "+key+" means nothing")
	}
	t.Where, t.KeysDisjoint = "", false
	c := t.Columns
	if len(c.Exclude)+len(c.Rename)+len(c.Mask)+len(c.Add)+len(c.Type) > 0 {
		refuse("columns", "keep include alone; types of a missing target are those of files.create",
			"of columns, a table of files takes include")
	}
	switch {
	case t.Write == table.WriteHistory:
		refuse("write", "use upsert or append", "write: history needs a source server")
		t.Write = table.WriteUpsert
	case t.Write == table.WriteReplace && t.Files.Layout == LayoutPlain:
		refuse("write", "use upsert or append", "write: replace needs loads that are the whole table, and layout: "+
			"plain does not say which are")
		t.Write = table.WriteUpsert
	}
	t.checkFilesDeletes(refuse)
	if t.Verify.Depth == api.DepthSample {
		refuse("verify", "compare by depth digest or keys", "files are compared as a whole")
		t.Verify.Depth = api.DepthDigest
	}
	refuse("undo", "leave it out", "no repair and no sweep changes a table of files: nothing could be undone")
	if !t.Files.CSV.Header && len(c.Include) == 0 {
		d.missing(place, join(place.path, "columns.include"), "files.csv.header is false: name the fields in their "+
			"order")
	}
}

func setFilesURL(d *decoder, a at, f *Files) { f.URL = d.storeURL(a) }

func setMatch(d *decoder, a at, f *Files) {
	f.Match = nil
	for _, place := range d.list(a, `["orders/*.parquet"]`) {
		v, ok := d.scalar(place)
		if !ok {
			continue
		}
		if v.text == "" || strings.HasPrefix(v.text, "/") || slices.Contains(strings.Split(v.text, "/"), "..") {
			d.problem(place, "write a pattern relative to url, such as orders/*.parquet", "%s is no pattern", v.shown)
			continue
		}
		f.Match = append(f.Match, v.text)
	}
}

func setCSV(d *decoder, a at, f *Files) { decodeMapping(d, a, csvFields, nil, f) }

func setNulls(d *decoder, a at, f *Files) {
	f.CSV.Nulls = []string{}
	for _, place := range d.list(a, `["\\N"]`) {
		if v, ok := d.scalar(place); ok {
			f.CSV.Nulls = append(f.CSV.Nulls, v.text)
		}
	}
}

func checkComplete(text string) (wrong, remedy string) {
	const forms = "write dlt, mysqlshell, marker:_SUCCESS or settled:10m"
	settled, bySettling := strings.CutPrefix(text, completeAfter)
	marker, marked := strings.CutPrefix(text, byMarker)
	switch {
	case text == "dlt", text == "mysqlshell", marked && marker != "" && !strings.HasPrefix(marker, "/"):
		return "", ""
	case bySettling:
		if d, err := time.ParseDuration(settled); err != nil || d < 0 || d > day {
			return "has no duration from 0s to 24h", "write settled:10m"
		}
		return "", ""
	}
	return "is no rule of completeness", forms
}

func checkAfter(text string) (wrong, remedy string) {
	prefix, move := strings.CutPrefix(text, afterMove)
	switch {
	case text == AfterKeep, text == AfterDelete:
		return "", ""
	case move && prefix != "" && !strings.HasPrefix(prefix, "/") && !slices.Contains(strings.Split(prefix, "/"), ".."):
		return "", ""
	}
	return "is not allowed", "write keep, delete, or move:done for a prefix below url"
}

func checkCharacter(text string) (wrong, remedy string) {
	if len(text) != 1 || text[0] >= 0x80 {
		return "is not one ASCII character", `write one such as "," or "\t"`
	}
	return "", ""
}

// columnTypes is a mapping of columns' names to types.
func columnTypes(key, example, doc string, to func(*Files) *[]ColumnSetting) field[Files] {
	inner := columnSettings(key, example, doc, checkType, func(c *Columns) *[]ColumnSetting { return &c.Type })
	return field[Files]{key, "", example, doc, func(d *decoder, a at, into *Files) {
		var c Columns
		inner.set(d, a, &c)
		*to(into) = c.Type
	}}
}

package layout_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/layout"
)

// dataset is a copy of what dlt wrote into testdata/dlt.
func dataset(t *testing.T, name string) lake {
	t.Helper()
	l := newLake(t)
	require.NoError(t, os.CopyFS(l.dir, os.DirFS(filepath.Join("testdata", "dlt", name))))
	return l
}

func (l lake) dlt(table string, change ...func(o *layout.Options)) (layout.Found, error) {
	l.t.Helper()
	o := layout.Options{Layout: layout.DLT, Table: table, Complete: "dlt", Now: noon}
	for _, f := range change {
		f(&o)
	}
	return layout.Discover(context.Background(), l.store(), o)
}

func (l lake) mustDLT(table string, change ...func(o *layout.Options)) layout.Found {
	l.t.Helper()
	found, err := l.dlt(table, change...)
	require.NoError(l.t, err)
	return found
}

// names are the files below a folder of the lake, in the order of their load ids.
func (l lake) names(folder string) (out []string) {
	l.t.Helper()
	entries, err := os.ReadDir(filepath.Join(l.dir, folder))
	require.NoError(l.t, err)
	for _, e := range entries {
		out = append(out, folder+"/"+e.Name())
	}
	return out
}

func (l lake) remove(names ...string) {
	l.t.Helper()
	for _, name := range names {
		require.NoError(l.t, os.Remove(filepath.Join(l.dir, name)))
	}
}

func TestDLTsLoadsAreCompleteByTheirMarkersAlone(t *testing.T) {
	for _, format := range []string{"jsonl", "parquet", "csv"} {
		t.Run(format, func(t *testing.T) {
			l := dataset(t, format)
			all := l.names("orders")
			require.Len(t, all, 3)
			found := l.mustDLT("orders")
			require.Equal(t, [][]string{all[:1], all[1:2]}, loads(found))
			require.Equal(t, 1, found.Ignored)
			require.Empty(t, found.Waiting)
			for _, load := range found.Loads {
				require.Equal(t, format, load.Files[0].Format)
				require.Equal(t, format != "parquet", load.Files[0].Compression == "gzip")
				require.False(t, load.Replaces || load.Emptied || load.Snapshot)
				require.True(t, strings.HasPrefix(load.Files[0].Key, "orders/"+load.ID+"."))
			}
			// A load that failed is tried again under its own id, also after others are complete.
			id := strings.Join(strings.Split(filepath.Base(all[2]), ".")[:2], ".")
			l.write(0, "_dlt_loads/shop__"+id+".jsonl", "{}")
			require.Len(t, l.mustDLT("orders").Loads, 3)
		})
	}
}

func TestDLTsSchemaSaysWhatAMergeIs(t *testing.T) {
	found := dataset(t, "parquet").mustDLT("orders")
	s := found.Schema
	require.Equal(t, "merge", s.Disposition)
	require.Equal(t, []string{"id"}, s.Key)
	require.Equal(t, "deleted", s.HardDelete)
	require.Equal(t, "updated_at", s.DedupSort)
	require.True(t, s.DedupDescending)
	require.ElementsMatch(t, []layout.Column{
		{Name: "amount", Type: "decimal", Precision: 12, Scale: 2, Nullable: true},
		{Name: "note", Type: "text", Nullable: true},
		{Name: "doc", Type: "json", Nullable: true},
		{Name: "deleted", Type: "bool", Nullable: true},
		{Name: "id", Type: "bigint"},
		{Name: "customer_name", Type: "text", Nullable: true},
		{Name: "raw", Type: "binary", Nullable: true},
		{Name: "due", Type: "date", Nullable: true},
		{Name: "updated_at", Type: "timestamp", Nullable: true},
	}, s.Columns)
	require.Contains(t, found.Internal, "_dlt_load_id")
	require.Equal(t, &layout.Watermark{Column: "updated_at", Value: "2026-11-01T05:30:00.123456+00:00"},
		found.Watermark)
}

func TestAChildTableOfDLTHasItsRootsDisposition(t *testing.T) {
	found := dataset(t, "jsonl").mustDLT("orders__lines")
	require.Len(t, found.Loads, 2)
	require.Equal(t, "orders", found.Schema.Parent)
	require.Equal(t, "merge", found.Schema.Disposition)
	require.Nil(t, found.Watermark)
	found = dataset(t, "emptied").mustDLT("rates__parts")
	require.Equal(t, "replace", found.Schema.Disposition)
}

func TestOfADLTReplaceOnlyTheNewestLoadCounts(t *testing.T) {
	l := dataset(t, "jsonl")
	file := l.names("rates")
	require.Len(t, file, 1) // dlt has removed those of the load before
	found := l.mustDLT("rates")
	require.Equal(t, [][]string{file}, loads(found))
	require.True(t, found.Loads[0].Replaces)
	require.False(t, found.Loads[0].Emptied)
	id := found.Loads[0].ID

	// The next load writes, and has not removed all of the one before.
	l.write(0, "rates/1999999999.5.aaaaaaaaaa.jsonl.gz", "half")
	found = l.mustDLT("rates")
	require.Empty(t, found.Loads)
	require.Equal(t, []string{"load 1999999999.5 replaces the table and has no marker in _dlt_loads/ yet"},
		waits(found))
	require.Zero(t, found.Ignored)
	l.write(1, "_dlt_loads/shop__1999999999.5.jsonl", "{}")
	found = l.mustDLT("rates")
	require.Equal(t, "1999999999.5", found.Loads[0].ID)
	require.Len(t, found.Loads, 1)

	// A replace that was aborted before, with a lower id, does not hold up a complete one.
	l.remove("rates/1999999999.5.aaaaaaaaaa.jsonl.gz")
	l.write(0, "rates/1000000000.5.bbbbbbbbbb.jsonl.gz", "half")
	found = l.mustDLT("rates")
	require.Equal(t, id, found.Loads[0].ID)
	require.Equal(t, 1, found.Ignored)
}

// dlt 1.31 writes a file without rows where a table is replaced by nothing, and no file for its child tables.
func TestADLTTableThatIsReplacedByNothingIsEmptied(t *testing.T) {
	l := dataset(t, "emptied")
	found := l.mustDLT("rates")
	require.Len(t, found.Loads, 1)
	require.True(t, found.Loads[0].Replaces)
	require.Len(t, found.Loads[0].Files, 1)
	child := l.mustDLT("rates__parts")
	require.Len(t, child.Loads, 1)
	require.True(t, child.Loads[0].Emptied)
	require.Empty(t, child.Loads[0].Files)
	require.Equal(t, found.Loads[0].ID, child.Loads[0].ID)
}

func TestDLTsLoadIDsGrowAsNumbers(t *testing.T) {
	l := dataset(t, "jsonl")
	ids := []string{"1999999999.2", "1999999999.15", "1999999999.1234567", "1999999998.9999999", "1999999999.0"}
	for _, id := range ids {
		l.write(0, "orders/"+id+".cccccccccc.jsonl.gz", id)
		l.write(0, "_dlt_loads/shop__"+id+".jsonl", "{}")
	}
	var got []string
	for _, load := range l.mustDLT("orders").Loads[2:] {
		got = append(got, load.ID)
	}
	require.Equal(t, []string{ids[3], ids[4], ids[2], ids[1], ids[0]}, got)
}

// A number that is no time has no load: JSON has no year behind 9999.
func TestALoadIDThatIsNoTimeIsNoLoad(t *testing.T) {
	l := dataset(t, "parquet")
	before := l.mustDLT("orders")
	for _, id := range []string{"253402300800.5", "9223372036854775807.1", "99999999999999999999.1"} {
		l.write(0, "orders/"+id+".0.parquet", "x")
		l.write(0, "_dlt_loads/shop__"+id+".jsonl", "{}")
	}
	found := l.mustDLT("orders")
	require.Equal(t, loads(before), loads(found))
	_, err := json.Marshal(found)
	require.NoError(t, err)
}

func TestAFolderThatAnOldDLTHasBegunHasGzipWithoutSuffix(t *testing.T) {
	found := dataset(t, "v1").mustDLT("events")
	f := found.Loads[0].Files[0]
	require.True(t, strings.HasSuffix(f.Key, ".jsonl"))
	require.Empty(t, f.Compression) // its first bytes say it
	l := dataset(t, "v1")
	l.write(0, "init", "")
	require.Len(t, l.mustDLT("events").Loads, 1)
}

func TestALayoutOfDLTWithPlaceholders(t *testing.T) {
	l := dataset(t, "paths")
	path := func(text string) func(o *layout.Options) { return func(o *layout.Options) { o.Path = text } }
	found := l.mustDLT("events", path("{schema_name}/{table_name}/{YYYY}-{MM}/{load_id}_{file_id}"))
	require.Len(t, found.Loads, 1)
	require.Equal(t, "parquet", found.Loads[0].Files[0].Format)
	// A file of another schema's table of the same name is not ours.
	l.write(0, "blog/events/2026-11/1795897819.0926254_aaaaaaaaaa.parquet", "")
	require.Equal(t, found.Loads, l.mustDLT("events",
		path("{schema_name}/{table_name}/{YYYY}-{MM}/{load_id}_{file_id}")).Loads)
	_, err := dataset(t, "parquet").dlt("orders", path("{table_name}/{load_id}_{file_id}.{ext}"))
	require.ErrorIs(t, err, layout.ErrLayout)
	require.ErrorContains(t, err, "set path to the layout of dlt's destination")
	for text, want := range map[string]string{
		"{table_name}/{file_id}.{ext}":             "no {table_name} or no {load_id}",
		"all/{load_id}.{file_id}.{ext}":            "no {table_name} or no {load_id}",
		"{table_name}/{load_id}{file_id}":          "nothing between {load_id} and {file_id}",
		"{table_name}/{region}{load_id}.{file_id}": "nothing between {region} and {load_id}",
	} {
		_, err := l.dlt("events", path(text))
		require.ErrorContains(t, err, want, text)
	}
}

func TestWhatIsNoDatasetOfDLTIsRefused(t *testing.T) {
	refused := func(l lake, table, want string) {
		t.Helper()
		_, err := l.dlt(table)
		require.ErrorIs(t, err, layout.ErrLayout)
		require.ErrorContains(t, err, want)
	}
	refused(dataset(t, "staging"), "events", "stages for another destination")
	refused(dataset(t, ""), "orders", "below it these are: csv, emptied, jsonl")
	refused(dataset(t, "jsonl"), "order", `has no table "order"; it has orders, orders__lines, rates`)
	l := newLake(t)
	require.Equal(t, []string{"nothing is there yet: dlt writes init with its first load"}, waits(l.mustDLT("orders")))
	l.write(0, "orders/a.csv", "")
	refused(l, "orders", "no file init")
	l.write(0, "init", `{"initial_version": 3, "current_version": 3}`)
	refused(l, "orders", "version of dlt's storage that is not known")
	l = dataset(t, "jsonl")
	l.write(0, "orders/1999999999.5.aaaaaaaaaa.insert_values.gz", "")
	refused(l, "orders", "insert_values, which is not read here")
	schema := l.names("_dlt_version")[0]
	text, err := os.ReadFile(filepath.Join(l.dir, schema))
	require.NoError(t, err)
	l.remove("orders/1999999999.5.aaaaaaaaaa.insert_values.gz")
	resource := `\"resource\":\"orders\"`
	l.write(0, schema, strings.ReplaceAll(string(text), resource, resource+`,\"table_format\":\"delta\"`))
	refused(l, "orders", "keeps orders as a delta table")
	l.write(0, schema, "half")
	refused(l, "orders", "holds no schema of dlt")
}

// The first load of a dataset has a schema and no marker until it is complete.
func TestTheFirstLoadOfADLTDatasetIsWaitedFor(t *testing.T) {
	l := dataset(t, "parquet")
	l.remove(l.names("_dlt_loads")...)
	found := l.mustDLT("orders")
	require.Empty(t, found.Loads)
	require.Equal(t, 3, found.Ignored)
	require.Nil(t, found.Schema)
	require.Empty(t, l.mustDLT("nothing").Loads)
}

func TestDLTsOptions(t *testing.T) {
	o := layout.Options{Layout: layout.DLT, Table: "orders"}
	require.NoError(t, o.Check())
	o.Complete = "settled:1m"
	require.ErrorContains(t, o.Check(), "does not go with layout: dlt")
	o = layout.Options{Layout: layout.DLT}
	require.ErrorContains(t, o.Check(), "layout: dlt has no table")
}

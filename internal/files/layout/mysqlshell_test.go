package layout_test

import (
	"context"
	"encoding/json"
	"maps"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/layout"
)

// shellDump is a dump as MySQL Shell 8.4 and 9 write it by their manual, in a folder of a lake.
type shellDump struct {
	lake
	dir string
	// table is orders.json's content; chunks are of the table.
	table  map[string]any
	chunks []string
}

func newDump(l lake, dir, begin string) shellDump {
	d := shellDump{lake: l, dir: dir}
	d.chunks = []string{"shop@orders@0.tsv.zst", "shop@orders@1.tsv.zst", "shop@orders@@2.tsv.zst"}
	d.json("@.json", map[string]any{
		"dumper": "mysqlsh Ver 9.1.0", "version": "2.0.1", "origin": "dumpInstance",
		"schemas":   []string{"shop", "my.shop"},
		"basenames": map[string]string{"shop": "shop", "my.shop": "my.shop"}, "tzUtc": true, "begin": begin,
		"defaultCharacterSet": "utf8mb4", "consistent": true,
	})
	d.json("shop.json", map[string]any{
		"schema": "shop", "basenames": map[string]string{"orders": "shop@orders", "a@b": "shop@a%40b"},
	})
	d.json("my.shop.json", map[string]any{"basenames": map[string]string{"orders.old": "my.shop@orders.old"}})
	d.table = map[string]any{
		"options": map[string]any{
			"schema": "shop", "table": "orders", "columns": []string{"id", "note", "raw"},
			"decodeColumns": map[string]string{"raw": "FROM_BASE64"}, "defaultCharacterSet": "utf8mb4",
			"fieldsTerminatedBy": "\t", "fieldsEnclosedBy": "", "fieldsOptionallyEnclosed": false, "fieldsEscapedBy": `\`,
			"linesTerminatedBy": "\n",
		},
		"includesData": true, "extension": "tsv.zst", "chunking": true, "compression": "zstd",
		"primaryIndex": []string{"id"}, "basenames": map[string]string{},
	}
	return d
}

func (d shellDump) json(name string, doc any) {
	d.t.Helper()
	text, err := json.Marshal(doc)
	require.NoError(d.t, err)
	d.write(-60, d.dir+name, string(text))
}

// finish writes the table, its chunks, and last what says that the dump is whole.
func (d shellDump) finish() {
	d.t.Helper()
	d.json("shop@orders.json", d.table)
	sizes := map[string]int{}
	for _, name := range d.chunks {
		d.write(-50, d.dir+name, name)
		d.write(-50, d.dir+name+".idx", "")
		sizes[name] = 100
	}
	d.json("@.done.json", map[string]any{"end": "2026-11-01 12:10:00", "dataBytes": 300, "chunkFileBytes": sizes})
}

func (l lake) shell(table string) (layout.Found, error) {
	return layout.Discover(context.Background(), l.store(),
		layout.Options{Layout: layout.MySQLShell, Table: table, Now: noon})
}

func (l lake) mustShell(table string) layout.Found {
	l.t.Helper()
	found, err := l.shell(table)
	require.NoError(l.t, err)
	return found
}

func TestADumpOfMySQLShell(t *testing.T) {
	l := newLake(t)
	d := newDump(l, "", "2026-11-01 12:00:00")
	require.Equal(t, []string{"the dump @.json has no @.done.json yet"}, waits(l.mustShell("shop.orders")))
	d.finish()
	found := l.mustShell("shop.orders")
	require.Equal(t, [][]string{d.chunks}, loads(found))
	load := found.Loads[0]
	require.True(t, load.Snapshot)
	require.False(t, load.Replaces)
	require.Equal(t, noon, load.Time)
	require.Equal(t, "tsv", load.Files[0].Format)
	require.Equal(t, "zstd", load.Files[0].Compression)
	require.Equal(t, []string{"id"}, found.Schema.Key)
	require.Equal(t, &layout.Text{
		Columns: []string{"id", "note", "raw"}, Decode: map[string]string{"raw": "base64"},
		UTC: true,
	}, found.Text)
}

// A copy of a dump arrives in the order of names, and @.done.json comes before the chunks.
func TestADumpThatIsOnItsWayIsWaitedFor(t *testing.T) {
	for name, sizes := range map[string]bool{"with sizes": true, "without sizes": false} {
		for _, gone := range []string{"shop@orders@1.tsv.zst", "shop@orders@@2.tsv.zst", "shop@orders.json"} {
			t.Run(name+" "+gone, func(t *testing.T) {
				l := newLake(t)
				d := newDump(l, "", "2026-11-01 12:00:00")
				d.finish()
				if !sizes {
					d.json("@.done.json", map[string]any{"end": "2026-11-01 12:10:00"})
				}
				l.remove(gone)
				found := l.mustShell("shop.orders")
				require.Empty(t, found.Loads)
				require.Len(t, found.Waiting, 1)
				require.Contains(t, found.Waiting[0].Why, "is missing")
			})
		}
	}
}

func TestOfSeveralDumpsTheNewestCompleteOneCounts(t *testing.T) {
	l := newLake(t)
	newDump(l, "night-1/", "2026-10-29 01:00:00").finish()
	newDump(l, "night-2/", "2026-10-30 01:00:00").finish()
	newDump(l, "night-3/", "2026-10-31 01:00:00")
	found := l.mustShell("shop.orders")
	require.Len(t, found.Loads, 1)
	require.Equal(t, "night-2/@.json", found.Loads[0].ID)
	require.Equal(t, []string{"the dump night-3/@.json has no @.done.json yet"}, waits(found))
	require.Nil(t, found.Loads[0].Marker, "@.done.json is of all tables of the dump")
	require.False(t, found.Loads[0].Completed.IsZero())

	// Where its chunks have been put away, it still is the newest one: an older dump does not take its place.
	for _, f := range found.Loads[0].Files {
		l.remove(f.Key)
	}
	found = l.mustShell("shop.orders")
	require.Empty(t, found.Loads)
	require.Equal(t, "night-2/@.json", found.Waiting[1].ID)
}

func TestNamesInADumpOfMySQLShell(t *testing.T) {
	l := newLake(t)
	d := newDump(l, "", "2026-11-01 12:00:00")
	d.finish()
	for table, base := range map[string]string{"shop.a@b": "shop@a%40b", "my.shop.orders.old": "my.shop@orders.old"} {
		doc := maps.Clone(d.table)
		doc["extension"], doc["compression"] = "tsv", "none"
		d.json(base+".json", doc)
		l.write(-50, base+".tsv", "1") // dumped with chunking: false
		found := l.mustShell(table)
		require.Equal(t, [][]string{{base + ".tsv"}}, loads(found))
		require.Equal(t, "none", found.Loads[0].Files[0].Compression)
	}
	// A table with partitions has chunks of each.
	d.table["basenames"] = map[string]string{"p0": "shop@orders@p0", "p1": "shop@orders@p1"}
	d.json("shop@orders.json", d.table)
	l.remove(d.chunks...)
	d.chunks = []string{"shop@orders@p0@@0.tsv.zst", "shop@orders@p1@0.tsv.zst", "shop@orders@p1@@1.tsv.zst"}
	d.finish()
	require.Equal(t, [][]string{d.chunks}, loads(l.mustShell("shop.orders")))
}

func TestADumpThatCannotBeLoadedIsRefused(t *testing.T) {
	refused := func(table, want string, change func(l lake, d shellDump)) {
		t.Helper()
		l := newLake(t)
		d := newDump(l, "", "2026-11-01 12:00:00")
		change(l, d)
		d.finish()
		_, err := l.shell(table)
		require.ErrorIs(t, err, layout.ErrLayout)
		require.ErrorContains(t, err, want)
	}
	options := func(name string, value any) func(l lake, d shellDump) {
		return func(_ lake, d shellDump) { d.table["options"].(map[string]any)[name] = value }
	}
	refused("shop.order", "has no table shop.order; it has my.shop.orders.old, shop.a@b, shop.orders",
		func(lake, shellDump) {})
	refused("orders", "write schema.table", func(lake, shellDump) {})
	for name, value := range map[string]string{
		"fieldsTerminatedBy": ",", "fieldsEnclosedBy": `"`, "fieldsEscapedBy": "", "linesTerminatedBy": "\r\n",
	} {
		refused("shop.orders", name+" "+strconv.Quote(value), options(name, value))
	}
	refused("shop.orders", "dialect: default", options("fieldsTerminatedBy", ","))
	refused("shop.orders", "character set", options("defaultCharacterSet", "latin1"))
	refused("shop.orders", "raw with ST_ASTEXT", options("decodeColumns", map[string]string{"raw": "ST_ASTEXT"}))
	refused("shop.orders", "made with ddlOnly", func(_ lake, d shellDump) { d.table["includesData"] = false })
	refused("shop.orders", "of version", func(_ lake, d shellDump) {
		d.json("@.json", map[string]any{"version": "3.0.0"})
	})
	refused("shop.orders", "no metadata", func(l lake, _ shellDump) { l.write(0, "shop.json", "{") })
	l := newLake(t)
	require.Empty(t, l.mustShell("shop.orders").Loads)
	l.write(0, "orders.csv", "")
	_, err := l.shell("shop.orders")
	require.ErrorContains(t, err, "no @.json is there")
	o := layout.Options{Layout: layout.MySQLShell, Table: "shop.orders", Complete: "settled:1m"}
	require.ErrorContains(t, o.Check(), "does not go with layout: mysqlshell")
}

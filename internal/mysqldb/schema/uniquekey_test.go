package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// The keys of a table are the primary one and the unique ones that tell each row apart, the shorter before the longer.
func TestTheKeysOfATable(t *testing.T) {
	index := func(name string, unique bool, columns ...string) schema.Index {
		out := schema.Index{Name: name, Unique: unique, Type: "BTREE"}
		for _, c := range columns {
			out.Columns = append(out.Columns, schema.IndexColumn{Column: c})
		}
		return out
	}
	prefix, hidden, hash := index("prefix", true, "a"), index("hidden", true, "a"), index("hash", true, "a")
	prefix.Columns[0].Prefix, hidden.Invisible, hash.Type = 3, true, "HASH"
	tbl := &schema.Table{
		Columns: []schema.Column{
			{Column: table.Column{Name: "a"}},
			{Column: table.Column{Name: "b"}},
			{Column: table.Column{Name: "n", Nullable: true}},
			{Column: table.Column{Name: "g", Generated: true}},
		},
		Indexes: []schema.Index{
			index("ab", true, "a", "b"), index("b", true, "b"), index("z", true, "a"), index("n", true, "n"),
			index("g", true, "g"), index("plain", false, "a"), prefix, hidden, hash,
		},
	}
	names := func(t *schema.Table) (out []string) {
		for _, k := range t.Keys() {
			out = append(out, k.Name)
		}
		return out
	}
	require.Equal(t, []string{"b", "z", "ab"}, names(tbl))
	got, ok := tbl.WithKey([]string{"B", "a"})
	require.True(t, ok)
	require.Equal(t, "ab", got.KeyName())
	require.Equal(t, []string{"a", "b"}, got.PrimaryKey)
	require.Empty(t, tbl.PrimaryKey, "the table itself stays as it is")
	for _, none := range [][]string{{"n"}, {"g"}, {"a", "b", "n"}, {"c"}, nil} {
		_, ok := tbl.WithKey(none)
		require.False(t, ok, none)
	}
	tbl.Indexes = append(tbl.Indexes, index("PRIMARY", true, "b", "a"))
	require.Equal(t, []string{"PRIMARY", "b", "z", "ab"}, names(tbl))
	got, _ = tbl.WithKey([]string{"a", "b"})
	require.Equal(t, "PRIMARY", got.KeyName())
}

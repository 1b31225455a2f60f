package table_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

func TestParseNameReadsItsOwnForm(t *testing.T) {
	for text, want := range map[string]table.Name{
		"shop.orders":                  {Schema: "shop", Table: "orders"},
		"`a.b`.`c``d`":                 {Schema: "a.b", Table: "c`d"},
		"shop.`a; DROP TABLE x;--`":    {Schema: "shop", Table: "a; DROP TABLE x;--"},
		"shop.größe 😀":                 {Schema: "shop", Table: "größe 😀"},
		"s." + strings.Repeat("x", 64): {Schema: "s", Table: strings.Repeat("x", 64)},
	} {
		got, err := table.ParseName(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
		again, err := table.ParseName(got.String())
		require.NoError(t, err)
		require.Equal(t, want, again)
	}
}

func TestParseNameRefuses(t *testing.T) {
	for _, text := range []string{
		"", "orders", ".orders", "shop.", "a.b.c", "`a.b", "s." + strings.Repeat("x", 65),
		"s.a\x00b",
	} {
		_, err := table.ParseName(text)
		require.ErrorIs(t, err, table.ErrBadName, "%q", text)
	}
}

func TestRowsKeepNullsAndEmptyValuesApart(t *testing.T) {
	r := table.NewRows(3)
	r.Append([]byte("a"))
	r.AppendNull()
	r.Append([]byte{})
	r.Append(nil)
	r.AppendFunc(func(dst []byte) []byte { return append(dst, "xyz"...) })
	r.AppendFunc(func(dst []byte) []byte { return dst })
	require.Equal(t, 2, r.Len())
	require.Equal(t, 4, r.Bytes())
	require.Nil(t, r.Value(0, 1))
	require.NotNil(t, r.Value(0, 2))
	require.Empty(t, r.Value(0, 2))
	require.Nil(t, r.Value(1, 0))
	require.Equal(t, "xyz", string(r.Value(1, 1)))
	require.NotNil(t, r.Value(1, 2))

	onlyEmpty := table.NewRows(1)
	onlyEmpty.Append([]byte{})
	require.NotNil(t, onlyEmpty.Value(0, 0))

	second := table.NewRows(3)
	for i := range 6 {
		second.Append(r.Value(i/3, i%3))
	}
	second.Keep(1, 2)
	require.Equal(t, 1, second.Len())
	require.Equal(t, "xyz", string(second.Value(0, 1)))
	second.Keep(1, 1)
	require.Zero(t, second.Len())

	r.Truncate(1)
	require.Equal(t, 1, r.Len())
	require.Equal(t, 1, r.Bytes())
	require.Equal(t, "a", string(r.Value(0, 0)))
}

func TestWindowPrintsOpenEnds(t *testing.T) {
	require.Equal(t, "(-∞, 5]", table.Window{Hi: "5"}.String())
	require.Equal(t, "(3, 5]", table.Window{Lo: "3", Hi: "5"}.String())
	require.Equal(t, "(-∞, ∞)", table.Window{}.String())
}

// A slice of a range begins where the manifest of the one before it says: the key of a binary
// primary key is no UTF-8, and a byte that is lost there is a row that is lost.
func TestKeysKeepTheirBytesAsJSON(t *testing.T) {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	for _, values := range []table.Texts{
		{"\x9d\x0e\x85\xca", "2024-01-01", string(all)},
		{"plain", "größer", `{"bytes":"QQ=="}`, ""},
		{},
		nil,
	} {
		text, err := json.Marshal(table.Position{Values: values, Equal: 1})
		require.NoError(t, err)
		var back table.Position
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, values, back.Values)
	}
	var old table.Position
	require.NoError(t, json.Unmarshal([]byte(`{"values":["17","a"],"equal":1}`), &old))
	require.Equal(t, table.Texts{"17", "a"}, old.Values)
	require.Error(t, json.Unmarshal([]byte(`{"values":[17],"equal":1}`), &old))
}

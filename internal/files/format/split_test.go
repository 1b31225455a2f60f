package format_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/files/format"
)

// splitOptions make pieces of a few kilobytes: those of CSV have at least eight times what a row may have.
var splitOptions = format.Options{MaxRowBytes: 100, Text: format.Text{Nulls: []string{`\N`}}}

// pieces reads a file in pieces of a size. What is refused, of rows or of a whole piece, is an error or in bad.
func pieces(t *testing.T, f format.File, name string, o format.Options, size int64) (
	rows [][]string, bad []format.BadRow, count int, err error,
) {
	t.Helper()
	cuts, err := format.Split(t.Context(), f, name, o, size)
	if err != nil {
		return nil, nil, 0, err
	}
	require.Equal(t, format.Position{}, cuts[0])
	for i, from := range cuts {
		o.Until = format.Position{}
		if i+1 < len(cuts) {
			o.Until = cuts[i+1]
			require.Greater(t, o.Until.Offset+o.Until.Row, from.Offset+from.Row)
		}
		got, refused, wrong := readAll(t, f, name, o, pairColumns, from, 7)
		for _, b := range refused {
			require.Equal(t, from.Base, b.Base)
		}
		rows, bad, err = append(rows, got...), append(bad, refused...), errors.Join(err, wrong)
	}
	return rows, bad, len(cuts), err
}

// texts of the second column, each in its own way hard to cut.
var hardTexts = map[string]func(i int) string{
	"plain":        func(i int) string { return fmt.Sprint("text ", i) },
	"line breaks":  func(i int) string { return fmt.Sprintf("a\n%d\r\n\nb", i) },
	"quotes":       func(i int) string { return strings.Repeat(`"`, i%5) + "x" + strings.Repeat(`"`, i%3) },
	"rows of CSV":  func(i int) string { return fmt.Sprintf("%d,a\n%d,\"b\"\n%d,\"c\n\"\n", i, i, i) },
	"backslashes":  func(i int) string { return strings.Repeat(`\`, 1+i%6) + "\n" + strings.Repeat(`\`, i%4) },
	"rare quotes":  func(i int) string { return strings.Repeat("\n\"", i%97/96) + "v" },
	"empty":        func(int) string { return "" },
	"delimiters":   func(i int) string { return strings.Repeat(",\n\",\"\n,", i%3) },
	"a whole file": func(i int) string { return "id,name\n" + strings.Repeat("1,\"2\"\n", i%6) },
}

// TestTextIsCutBetweenRows cuts texts whose fields look like rows. Each row is in exactly one piece.
func TestTextIsCutBetweenRows(t *testing.T) {
	tsv := strings.NewReplacer(`\`, `\\`, "\n", "\\\n", "\t", `\t`)
	for what, text := range hardTexts {
		var quoted, some, tabs, lines strings.Builder
		quoted.WriteString("\"id\",\"name\"\r\n")
		some.WriteString("id,name\n")
		for i := range 400 {
			inQuotes := `"` + strings.ReplaceAll(text(i), `"`, `""`) + `"`
			fmt.Fprintf(&quoted, "\"%d\",%s\r\n", i, inQuotes)
			if !strings.ContainsAny(text(i), "\",\r\n") {
				inQuotes = text(i)
			}
			fmt.Fprintf(&some, "%d,%s\n", i, inQuotes)
			fmt.Fprintf(&tabs, "%d\t%s\n", i, tsv.Replace(text(i)))
			fmt.Fprintf(&lines, "{\"id\":%d,\"name\":%q}\n", i, text(i))
		}
		for name, file := range map[string]string{
			"quoted.csv": quoted.String(), "some.csv": some.String(), "f.tsv": tabs.String(), "f.jsonl": lines.String(),
		} {
			o := splitOptions
			if name == "f.tsv" {
				o.Text.Columns = []string{"id", "name"}
			}
			want, bad, err := readAll(t, inMemory([]byte(file)), name, o, pairColumns, format.Position{}, 100)
			require.NoError(t, err)
			require.Empty(t, bad)
			require.Len(t, want, 400)
			got, bad, count, err := pieces(t, inMemory([]byte(file)), name, o, 500)
			require.NoError(t, err, "%s of %s", name, what)
			require.Empty(t, bad)
			require.Equal(t, want, got, "%s of %s", name, what)
			if what != "delimiters" { // no proof is sure to be there
				require.Greater(t, count, 1, "%s of %s: %d bytes are not cut", name, what, len(file))
			}
		}
	}
}

// TestARefusedRowOfAPieceSaysWhereItIs counts rows from the cut.
func TestARefusedRowOfAPieceSaysWhereItIs(t *testing.T) {
	for name, line := range map[string]string{"f.csv": "%d,a\n", "f.tsv": "%d\ta\n", "f.jsonl": "{\"id\":%d}\n"} {
		o := splitOptions
		o.Text.NoHeader, o.Text.Columns = true, []string{"id", "name"}
		var b strings.Builder
		for i := range 999 {
			fmt.Fprintf(&b, line, 1000+i)
		}
		wrong := b.Len()
		fmt.Fprintf(&b, line, int64(1)<<40)
		_, bad, count, err := pieces(t, inMemory([]byte(b.String())), name, o, 3000)
		require.NoError(t, err)
		require.Greater(t, count, 1)
		require.Len(t, bad, 1)
		require.Positive(t, bad[0].Base)
		size := int64(wrong / 999)
		require.Equal(t, int64(wrong), bad[0].Base+(bad[0].Row-1)*size)
		require.Equal(t, fmt.Sprintf("%d from byte %d", bad[0].Row, bad[0].Base), bad[0].Place())
	}
	require.Equal(t, "7", format.BadRow{Row: 7}.Place())
}

// TestAPieceEndsWhereTheNextOneBegins refuses a piece whose last row goes on behind its end.
func TestAPieceEndsWhereTheNextOneBegins(t *testing.T) {
	for name, text := range map[string]string{
		"f.csv": "id,name\n1,\"a\nb\"\n2,c\n", "f.tsv": "id\tname\n1\ta\\\nb\n2\tc\n",
		"f.jsonl": "{\"id\":1}\n{\"id\":2}\n",
	} {
		o := splitOptions
		o.Until = format.Position{Offset: int64(strings.Index(text, "\n") + 5)}
		_, _, err := readAll(t, inMemory([]byte(text)), name, o, pairColumns, format.Position{}, 10)
		require.ErrorIs(t, err, format.ErrFile)
		require.ErrorContains(t, err, "where other rows begin")
	}
}

// TestWhatIsNotCut is one piece: compressed text, JSON, and a text whose rows are as long as a piece.
func TestWhatIsNotCut(t *testing.T) {
	lines := strings.Repeat("{\"id\":1}\n", 1000)
	for name, b := range map[string][]byte{
		"f.json": []byte(lines), "f.jsonl.gz": compressed(t, "gzip", lines+"{\"id\":2}"),
		"f.jsonl": []byte(strings.Repeat(" ", 9000) + "\n"), "f.tsv": []byte(strings.Repeat("\\\n", 5000)),
	} {
		cuts, err := format.Split(t.Context(), inMemory(b), name, splitOptions, 10)
		if name == "f.tsv" {
			require.ErrorIs(t, err, format.ErrFile, "its header has no end")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, []format.Position{{}}, cuts, name)
	}
	short := shrinking{memory: inMemory([]byte(lines)), size: 1 << 20}
	_, err := format.Split(t.Context(), short, "f.jsonl", splitOptions, 10_000)
	require.ErrorIs(t, err, format.ErrFile)
	short.err = io.ErrClosedPipe
	_, err = format.Split(t.Context(), short, "f.jsonl", splitOptions, 10_000)
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

// FuzzSplit cuts texts: a file that is read as a whole has the same rows in pieces, and one that is not is refused.
func FuzzSplit(f *testing.F) {
	for _, text := range hardTexts {
		var b strings.Builder
		for i := range 40 {
			fmt.Fprintf(&b, "%d,\"%s\"\n", i, strings.ReplaceAll(text(i), `"`, `""`))
		}
		f.Add(b.String())
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) == 0 {
			return
		}
		for _, name := range []string{"f.csv", "f.tsv", "f.jsonl"} {
			o := splitOptions
			o.MaxRowBytes = 100
			o.Text.NoHeader, o.Text.Columns = true, []string{"id", "name"}
			whole := inMemory([]byte(strings.Repeat(text, 1+4000/len(text))))
			want, refused, err := readAll(t, whole, name, o, pairColumns, format.Position{}, 100)
			got, bad, _, wrong := pieces(t, whole, name, o, 900)
			if err != nil {
				require.True(t, isRefusal(err), "%v", err)
				require.True(t, isRefusal(wrong), "%v", wrong)
				continue
			}
			require.NoError(t, wrong)
			require.Equal(t, want, got)
			require.Len(t, bad, len(refused))
		}
	})
}

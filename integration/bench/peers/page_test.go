package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// The chart and the README's table are made of the page's figures: `make bench-peers-chart` renews them.
func TestChartAndReadmeHaveThePagesFigures(t *testing.T) {
	t.Chdir("../../..")
	text, err := os.ReadFile(documentPath(servers.FlavorMySQL))
	require.NoError(t, err)
	p, err := readPage(string(text))
	require.NoError(t, err)
	require.Len(t, p.tools, len(tools))
	if len(p.infile) > 0 {
		chart, err := os.ReadFile(infileChart)
		require.NoError(t, err)
		require.Equal(t, p.chart(p.infile), string(chart))
	}
	for _, f := range p.tools {
		for i := range f.seconds {
			if f.seconds[i] < 0 {
				continue // a page from before this shape of changes
			}
			require.Contains(t, string(text), secondsText(f.seconds[i]), f.name)
			require.Contains(t, string(text), f.longest[i], f.name)
		}
	}
	chart, err := os.ReadFile(chartFile)
	require.NoError(t, err)
	require.Equal(t, p.chart(p.tools), string(chart))
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	renewed, err := peersMarks.renew(string(readme), p.readme())
	require.NoError(t, err)
	require.Equal(t, renewed, string(readme))
}

const somePage = `# Beside other tools

| | |
|---|---|
| Date | 2026-01-02 |
| Machine | 2 cores, a processor; servers and tools share it |
| Servers | two of mysql 9.7.4, no binary log |
| Table | ` + "`shop.orders`" + `: 1,000 rows of about 150 bytes; then three times 50 changes, of which a fifth are new rows |

|  | version | first load | changes | scattered changes | newest changes | longest transaction | other clients' p99 | other clients' 1205 / 1213 |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| tablehaul | abc | 10.0 s | 2.5 s | 2.6 s | 1.5 s | 0.34 s, < 0.3 s, 0.31 s, < 0.3 s | 1.2 / 3.4 ms, 1.0 / 2.5 ms, 1.0 / 1.0 ms, 1.0 / 1.0 ms | 0 / 0, 0 / 0, 0 / 0, 0 / 0 |
| sling | 1.4 | – | – | – | – | –, –, –, – | –, –, –, – | –, –, –, – |
| ingestr | 1.1 | 20.0 s (2.00×) | 1.0 s (0.40×) | 1.3 s (0.50×) | 1.1 s (0.60×) | 10.00 s, 0.85 s, 0.70 s, 0.60 s | 1.3 / 70.5 ms, 1.0 / 90.1 ms, 1.0 / 1.0 ms, 1.0 / 1.0 ms | 7 / 1, 2 / 0, 0 / 0, 0 / 0 |
| hybrid, row by row | 3.1 | 99.0 s (9.90×) | 9.0 s (3.68×) | 9.5 s (3.70×) | 8.0 s (4.00×) | 1.84 s, 1.60 s, 1.60 s, 1.60 s | 1.3 / 7.5 ms, 1.0 / 9.1 ms, 1.0 / 1.0 ms, 1.0 / 1.0 ms | 2 / 0, 0 / 0, 0 / 0, 0 / 0 |

- first load: …
`

func TestChartHasABarForEachFigure(t *testing.T) {
	p, err := readPage(somePage)
	require.NoError(t, err)
	require.Empty(t, p.infile)
	chart := p.chart(p.tools)
	require.Contains(t, chart, "1,000 rows, seconds")
	var shown []string
	for _, m := range regexp.MustCompile(`>([^<>\n]+)</text>`).FindAllStringSubmatch(chart, -1) {
		shown = append(shown, m[1])
	}
	for _, want := range []string{
		"10.0 s", "2.6 s", "0.34 s", "20.0 s", "1.3 s", "10.00 s", "90.1 ms", "Tablehaul", "Sling",
	} {
		require.True(t, slices.Contains(shown, want), want)
	}
	require.NotContains(t, chart, "99.0")
	// The bar of 10 seconds is half of that of 20.
	widths := regexp.MustCompile(`width="([\d.]+)" height="16"`).FindAllStringSubmatch(chart, -1)
	require.Equal(t, "32.5", widths[0][1])
	require.Equal(t, "65.0", widths[1][1])
}

// The second table of the page is that of the servers with local_infile ON. README has the first one's figures.
func TestTheSecondTableHasAChartOfItsOwn(t *testing.T) {
	_, table, _ := strings.Cut(somePage, "\n|  | version |")
	p, err := readPage(somePage + infileHead + "|  | version |" + strings.ReplaceAll(table, "10.0 s", "7.5 s"))
	require.NoError(t, err)
	require.Len(t, p.infile, len(p.tools))
	require.Contains(t, p.chart(p.infile), "7.5 s")
	require.NotContains(t, p.chart(p.tools), "7.5 s")
	require.NotContains(t, p.readme(), "7.5 s")
}

func TestReadmeIsRenewedBetweenItsMarks(t *testing.T) {
	p, err := readPage(somePage)
	require.NoError(t, err)
	out, err := peersMarks.renew("before\n"+peersMarks.around("old\n")+"\nafter\n", p.readme())
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(out, "before\n"+peersMarks.begin+"\n!["))
	require.True(t, strings.HasSuffix(out, peersMarks.end+"\nafter\n"))
	require.Contains(t, out, "| **Tablehaul** | 10.0 s | 2.5 s, 2.6 s, 1.5 s | 0.34 s, 0.31 s | 3.4 ms | 0 |\n"+
		"| ingestr, merging | 20.0 s | 1.0 s, 1.3 s, 1.1 s | 10.00 s, 0.85 s | 90.1 ms | 9 |\n"+
		"| Sling | failed | failed | –, – | – | 0 |")
	require.NotContains(t, out, "old")
	_, err = peersMarks.renew("a page without marks", p.readme())
	require.ErrorContains(t, err, peersMarks.begin)
	_, err = readPage("# A page without a table")
	require.Error(t, err)
}

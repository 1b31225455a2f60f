package main

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// grid is a table in plain text: rows under headings, without lines between them.
type grid struct {
	headings []string
	rows     [][]string
	// rightAligned are the columns of numbers.
	rightAligned []string
}

// right aligns columns to the right.
func (g *grid) right(headings ...string) { g.rightAligned = headings }

func newGrid(headings ...string) *grid { return &grid{headings: headings} }

// add adds a row. It has one cell for each heading.
func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// trailing is the padding of the last column. A narrow terminal would print it as empty lines.
var trailing = regexp.MustCompile(`(?m) +$`)

// printGrid prints g as a table, or as a list where the terminal is too narrow for the table.
func (a *app) printGrid(g *grid) {
	shown := g.table()
	if width := terminalWidth(a.stdout); width > 0 && widest(shown) > width {
		shown = g.list()
	}
	fmt.Fprintln(a.stdout, shown)
}

func (g *grid) table() string {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = 0
	t.SetStyle(style)
	var columns []table.ColumnConfig
	for _, name := range g.rightAligned {
		columns = append(columns, table.ColumnConfig{Name: name, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(columns)
	t.AppendHeader(row(g.headings))
	for _, r := range g.rows {
		t.AppendRow(row(r))
	}
	return trailing.ReplaceAllString(t.Render(), "")
}

func row(cells []string) table.Row {
	out := make(table.Row, len(cells))
	for i, c := range cells {
		out[i] = c
	}
	return out
}

// list has one paragraph for each row: the first cell, then the other cells that are not empty.
func (g *grid) list() string {
	var b strings.Builder
	for _, r := range g.rows {
		fmt.Fprintf(&b, " %s\n", r[0])
		for i, cell := range r[1:] {
			if cell != "" {
				fmt.Fprintf(&b, "   %s: %s\n", strings.ToLower(g.headings[i+1]), cell)
			}
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func widest(s string) int {
	most := 0
	for line := range strings.Lines(s) {
		most = max(most, text.StringWidthWithoutEscSequences(strings.TrimRight(line, "\n")))
	}
	return most
}

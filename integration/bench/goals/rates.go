package main

import (
	"fmt"

	pretty "github.com/jedib0t/go-pretty/v6/table"

	"github.com/tablehaul/tablehaul/integration/scene"
)

func (r *report) rates() grid {
	g := grid{title: "Rows per second", header: pretty.Row{
		"Server", "What", "Rows", "Seconds, median", "Range",
		"Rows/s",
	}}
	for _, f := range r.servers {
		for _, line := range f.rates() {
			if !line.s.measured() {
				continue
			}
			g.rows = append(g.rows, pretty.Row{
				f.name(), line.what, scene.Number(line.s.rows), fmt.Sprintf("%.2f", line.s.median()), line.s.spread(),
				scene.Number(int64(line.s.rate())),
			})
		}
	}
	return g
}

// rated is a line of the table of rates.
type rated struct {
	what string
	s    *sample
}

func (f *figures) rates() []rated {
	out := []rated{
		{"extract", &f.extract},
		{"reading the same and throwing it away", &f.discard},
		{"the same by database/sql, scanned into RawBytes", &f.scan},
		{"first load", &f.firstLoad},
		{"LOAD DATA LOCAL of the same", &f.loadAll},
		{"a copy of the same: " + f.copiedBy, &f.copyAll},
	}
	for i, which := range scene.Shapes {
		out = append(out, rated{"incremental run, " + which.Name, &f.few[i].merge},
			rated{"the usual way with the same rows", &f.few[i].usual})
	}
	return append(out, rated{"incremental run, " + scene.Shapes[0].Name, &f.many.merge},
		rated{"the usual way with the same rows", &f.many.usual}, rated{"the same rows again", &f.again},
		rated{"first load, five indexes from the start", &f.indexesBefore},
		rated{"first load, five indexes after it", &f.indexesAfter})
}

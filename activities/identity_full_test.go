package activities

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/lineage"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/target"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/table"
)

// fullRun is a full run of a table that was loaded, and on which nothing has changed.
func fullRun() (*planDraft, *owner.State) {
	bound := func() owner.Identity {
		return owner.Identity{
			Source: lineage.Server{ID: "source", Host: "db1", History: "1-5", Includes: true},
			Target: owner.TargetIdentity{Table: "dw.t", Server: lineage.Server{ID: "target"}, Row: true, Run: 5},
			Cursor: "u", CursorType: "datetime(6)", CursorZone: "UTC", Key: []string{"id"}, Mapping: "digest",
			Columns: []owner.SourceColumn{{Name: "price", Type: "decimal(10,2)", MadeBy: "digest"}},
		}
	}
	was := bound()
	price := schema.Column{Column: table.Column{
		Name: "price", Type: "decimal(10,2)", Kind: table.KindDecimal, Precision: 10, Scale: 2, MadeBy: "digest",
	}}
	p := &planDraft{
		settings: Settings{Cursor: "u"}, table: &schema.Table{Columns: []schema.Column{price}},
		target: target.Diff{Columns: []table.Column{price.Column}},
		id:     identified{now: bound(), row: &lineage.Row{StateID: "state", Fence: 6, Run: 5}},
	}
	return p, &owner.State{ID: "state", Watermark: "2024-01-01 00:00:00.000000", Cursor: "u", Identity: &was}
}

// A full run that does not end leaves rows in the way of now and rows in the way of before. Where the two are not the
// same, the watermark speaks of neither.
func TestAFullRunAfterAChangeVoidsTheWatermark(t *testing.T) {
	for name, change := range map[string]func(p *planDraft, s *owner.State){
		"another target":           func(p *planDraft, _ *owner.State) { p.id.now.Target.Table = "dw.t2" },
		"another cursor":           func(p *planDraft, _ *owner.State) { p.id.now.Cursor = "v" },
		"another type of it":       func(p *planDraft, _ *owner.State) { p.id.now.CursorType = "datetime" },
		"another zone of it":       func(p *planDraft, _ *owner.State) { p.id.now.CursorZone = "Europe/Berlin" },
		"another mask or filter":   func(p *planDraft, _ *owner.State) { p.id.now.Mapping = "other" },
		"another key":              func(p *planDraft, _ *owner.State) { p.id.now.Key = []string{"v"} },
		"another write mode":       func(p *planDraft, _ *owner.State) { p.id.now.Write = table.WriteAppend },
		"a column takes less":      func(_ *planDraft, s *owner.State) { s.Identity.Columns[0].Type = "decimal(12,4)" },
		"a column made otherwise":  func(_ *planDraft, s *owner.State) { s.Identity.Columns[0].MadeBy = "other" },
		"no row of this table":     func(p *planDraft, _ *owner.State) { p.id.row = nil },
		"a row that has lost runs": func(p *planDraft, _ *owner.State) { p.id.row.Run = 4 },
		"a row that was taken over": func(p *planDraft, s *owner.State) {
			p.id.row.Run, s.Identity.Target.Row, s.Identity.Target.Run = 0, false, 0
		},
		"another target's server, no row": func(p *planDraft, s *owner.State) {
			p.id.row, s.Identity.Target.Row, p.id.now.Target.Server.ID = nil, false, "other"
		},
		"a source with another history":  func(p *planDraft, _ *owner.State) { p.id.now.Source.Includes = false },
		"another source of this history": func(p *planDraft, _ *owner.State) { p.id.now.Source.ID = "other" },
		"nothing was bound":              func(_ *planDraft, s *owner.State) { s.Identity = nil },
	} {
		p, s := fullRun()
		change(p, s)
		require.True(t, p.voidsWatermark(*s, false), name)
	}
	for name, change := range map[string]func(p *planDraft, s *owner.State){
		"nothing has changed": func(*planDraft, *owner.State) {},
		"a state that does not know how values are made": func(_ *planDraft, s *owner.State) {
			s.Identity.Columns[0].MadeBy = ""
		},
		"a failover with the same history": func(p *planDraft, _ *owner.State) {
			p.id.now.Source.ID, p.id.now.Source.Unique = "other", true
		},
		"a source without a history": func(p *planDraft, s *owner.State) {
			s.Identity.Source.History, p.id.now.Source.Includes = "", false
		},
		"the target has moved, with its row": func(p *planDraft, _ *owner.State) {
			p.id.now.Target.Server.ID = "other"
		},
		"a person has adopted what is there": func(p *planDraft, s *owner.State) {
			p.id.now.Mapping, s.Identity, s.Adopt = "other", nil, true
		},
		"a person has set it": func(_ *planDraft, s *owner.State) { s.Identity, s.SetByHand = nil, true },
		"there is none":       func(p *planDraft, s *owner.State) { p.id.now.Mapping, s.Watermark = "other", "" },
		"the target is replaced when all is there": func(p *planDraft, _ *owner.State) {
			p.id.now.Mapping, p.settings.Replace = "other", &ReplaceSettings{}
		},
	} {
		p, s := fullRun()
		change(p, s)
		require.False(t, p.voidsWatermark(*s, false), name)
	}
	p, s := fullRun()
	s.Identity, s.SetByHand = nil, true
	require.True(t, p.voidsWatermark(*s, true), "the target is taken over from another deployment")
}

package activities

import (
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/table"
)

// checkHistory refuses settings that a history cannot keep, wherever they come from.
func (p *planDraft) checkHistory() {
	s := p.settings
	if s.Write != table.WriteHistory {
		return
	}
	refuse := func(text, remedy string) {
		p.findings = append(p.findings, table.Finding{
			Level: table.LevelRefuse, Table: s.Table.String(), Topic: table.TopicKey, Text: "write: history: " + text,
			Remedy: remedy,
		})
	}
	if s.Cursor == "" {
		refuse("a cursor tells versions apart, and the table has none", "set cursor, or write: upsert")
	}
	if s.Deletes.Mode == api.DeletesHard {
		refuse("deletes.mode hard would remove versions, and a history keeps all of them",
			"set deletes: { mode: soft }, report, or off")
	}
}

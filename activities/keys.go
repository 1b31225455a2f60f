package activities

import (
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// keyed is the source, as the server describes it, with the key that the configuration names. Without one it keeps the
// first of its keys.
func (s Settings) keyed(raw *schema.Table) *schema.Table {
	if len(s.Key) > 0 {
		raw, _ = raw.WithKey(s.Key)
	}
	return raw
}

// keyFindings say by which key rows are matched, where that is not the primary key, and refuse a key that there is not.
func (s Settings) keyFindings(raw *schema.Table) (out table.Findings) {
	named := make([]string, 0, len(raw.Keys()))
	for _, k := range raw.Keys() {
		named = append(named, keyText(k))
	}
	if _, ok := raw.WithKey(s.Key); len(s.Key) > 0 && !ok {
		remedy := "the table has none: add a unique key of these columns, all NOT NULL"
		if len(named) > 0 {
			remedy = "write one of these keys: " + strings.Join(named, "; ")
		}
		out.Add(raw.Name, table.Finding{
			Level: table.LevelRefuse, Topic: table.TopicKey, Remedy: remedy,
			Text: fmt.Sprintf("key: there is no unique key of whole, NOT NULL columns (%s)", strings.Join(s.Key, ", ")),
		})
		return out
	}
	t := s.keyed(raw)
	if t.KeyName() == schema.PrimaryIndex || len(t.PrimaryKey) == 0 {
		return out
	}
	text, remedy := "rows are matched by the unique key "+keyText(t.Key()), ""
	if len(s.Key) == 0 {
		text += ", since the table has no primary key"
		if len(named) > 1 {
			text += ": of several keys, the one with the fewest columns, then the first by name"
			remedy = "key: names another one of " + strings.Join(named, "; ")
		}
	}
	out.Add(raw.Name, table.Finding{Level: table.LevelInfo, Topic: table.TopicKey, Text: text, Remedy: remedy})
	return out
}

// keyText is a key for people.
func keyText(index schema.Index) string {
	names := make([]string, len(index.Columns))
	for i, part := range index.Columns {
		names[i] = part.Column
	}
	return fmt.Sprintf("%s (%s)", index.Name, strings.Join(names, ", "))
}

// onTarget is the target with the key that rows have there. One that has no such key stays as it is.
func onTarget(t *schema.Table, key []string) *schema.Table {
	t, _ = t.WithKey(key)
	return t
}

// wanted is the table that the target is to be.
func (p *planDraft) wanted() *schema.Table {
	if p.settings.Write == table.WriteHistory && p.table.Column(p.settings.Cursor) != nil {
		return p.table.History(p.settings.Cursor)
	}
	if key := p.settings.Mapping.TargetKey(); len(key) > 0 {
		return p.table.WiderKey(key)
	}
	return p.table
}

// asRead makes the columns that travel those of the source again, where the target's differ.
func (p *planDraft) asRead() {
	if p.wanted() == p.table {
		return
	}
	for i, c := range p.target.Columns {
		if from := p.table.Column(c.Name); from != nil {
			p.target.Columns[i].AutoIncrement, p.target.Columns[i].Nullable = from.AutoIncrement, from.Nullable
		}
	}
}

// ownRows is the target as all that looks for rows there sees it: with the key of the source's rows, without the rows
// of other sources, and of a history the newest version of each.
func (s *Settings) ownRows(dst *schema.Table, key []string) (*schema.Table, error) {
	dst, err := s.scoped(dst)
	if err != nil {
		return nil, err
	}
	if s.Write == table.WriteHistory {
		return dst.CurrentRows(key, s.Cursor), nil
	}
	if wide := s.Mapping.TargetKey(); len(wide) > 0 {
		out, ok := dst.Narrowed(wide, key)
		if !ok {
			return nil, lostKey(s.Target, wide)
		}
		out.Fixed = s.Mapping.AddedKey()
		return out, nil
	}
	return onTarget(dst, key), nil
}

// markedIn is the target as a sweep writes it, from what ownRows has made of it: of a history, the mark is of one
// version, which its own key names.
func (s *Settings) markedIn(dst *schema.Table) *schema.Table {
	if s.Write == table.WriteHistory {
		return dst.Versions(dst.PrimaryKey, s.Cursor)
	}
	return dst
}

// lostKey is the refusal of a target that others have altered.
func lostKey(target table.Name, key []string) error {
	return failure.New(failure.TableChanged, fmt.Sprintf("%s has no key (%s) any more, which tells the rows of its "+
		"sources apart", target, strings.Join(key, ", ")), "give it that key again, then start it again")
}

// onTarget is the target with the key that its rows have.
func (p *stagedPlan) onTarget(t *schema.Table) (*schema.Table, error) {
	if key := p.Settings.Mapping.TargetKey(); len(key) > 0 {
		out, ok := t.WithKey(key)
		if !ok {
			return nil, lostKey(t.Name, key)
		}
		return out, nil
	}
	if p.Settings.Write == table.WriteHistory {
		return onTarget(t, schema.VersionKey(p.Key, p.Settings.Cursor)), nil
	}
	return onTarget(t, p.Key), nil
}

// historyFinding offers a view of the current rows of a history. Where the key has the cursor, all rows are current.
func (p *planDraft) historyFinding() []table.Finding {
	if p.settings.Write != table.WriteHistory || p.table.Column(p.settings.Cursor) == nil ||
		p.table.IsKeyColumn(p.settings.Cursor) {
		return nil
	}
	return []table.Finding{{
		Level: table.LevelInfo, Table: p.settings.Table.String(), Topic: table.TopicKey,
		Text: "each version is a row of its own; a view of the current rows, for readers, is yours to create",
		Remedy: schema.CurrentRowsView(p.settings.Target, p.table, p.table.PrimaryKey, p.settings.Cursor,
			p.settings.Deletes.softColumn()),
	}}
}

package target

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// compareTables adds a finding for each difference that matters to rows, and returns the source's columns
// that the target does not have.
func compareTables(p *Diff, source, target *schema.Table, o Options) []*schema.Column {
	compareKeys(p, source, target)
	var missing []*schema.Column
	for i := range source.Columns {
		from := &source.Columns[i]
		to := target.Column(from.Name)
		switch {
		case to == nil:
			if slices.ContainsFunc(source.PrimaryKey, func(key string) bool {
				return table.SameColumn(key, from.Name)
			}) {
				continue // see compareKeys
			}
			missing = append(missing, from)
		case from.Generated:
			compareGenerated(p, source, from, to)
		case to.Generated:
			p.addFinding(table.LevelRefuse, to.Name, "is a generated column on the target, which cannot be written",
				plainRemedy(p, to))
		default:
			compareColumn(p, from, to)
		}
	}
	for i := range target.Columns {
		if source.Column(target.Columns[i].Name) == nil && !table.SameColumn(target.Columns[i].Name, o.SoftColumn) {
			c := &target.Columns[i]
			if o.Contract.Dropped == table.ContractFail && table.HasColumn(o.Had, c.Name) {
				refuseDropped(p, c)
				continue
			}
			text := "is on the target and no longer at the source; it is kept, and not written"
			if o.Mapped {
				text = "is on the target, and the source or the mapping does not give it; it is kept, and not written"
			}
			extraColumn(p, c, text)
		}
	}
	compareRest(p, target, o.Replace)
	return missing
}

// refuseDropped refuses a column of the target that the source has had.
func refuseDropped(p *Diff, c *schema.Column) {
	p.addFinding(table.LevelRefuse, c.Name, "is gone at the source since the last run, and schema.dropped is fail",
		fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s on the target, or set schema.dropped to keep; tablehaul watermark "+
			"adopt TABLE keeps it as a column of the target's own", sqltext.Qualified(p.Name), sqltext.Ident(c.Name)))
}

// plainRemedy makes a generated column of the target a plain one. What is stored stays.
func plainRemedy(p *Diff, c *schema.Column) string {
	if c.Stored {
		return fmt.Sprintf("ALTER TABLE %s MODIFY COLUMN %s %s NULL", sqltext.Qualified(p.Name), sqltext.Ident(c.Name),
			c.Type)
	}
	return fmt.Sprintf("ALTER TABLE %s DROP COLUMN %s; the run adds it as a plain one", sqltext.Qualified(p.Name),
		sqltext.Ident(c.Name))
}

// extraColumn adds the finding for a target column that gets no value.
func extraColumn(p *Diff, c *schema.Column, text string) {
	if c.Nullable || c.Default != nil || c.Generated || c.AutoIncrement {
		p.addFinding(table.LevelInfo, c.Name, text, "")
		return
	}
	p.addFinding(table.LevelRefuse, c.Name, text+": without a default, every new row would be refused",
		"make the column nullable or give it a default on the target")
}

func compareKeys(p *Diff, source, target *schema.Table) {
	if len(source.PrimaryKey) == 0 {
		return // refused already
	}
	if !sameColumns(source.PrimaryKey, target.PrimaryKey) {
		what := "has no such key"
		if len(target.PrimaryKey) > 0 {
			what = "has the key (" + strings.Join(target.PrimaryKey, ", ") + ")"
		}
		text := fmt.Sprintf("rows have the key (%s), and the target %s", strings.Join(source.PrimaryKey, ", "), what)
		p.addFinding(table.LevelRefuse, "", text, "give the target that key: "+
			keyStatement(source, target)).Topic = table.TopicKey
		return
	}
	for _, index := range target.Indexes {
		for _, part := range index.Columns {
			if index.Name == target.KeyName() && part.Prefix > 0 {
				p.addFinding(table.LevelRefuse, part.Column, "is in the target's key with a prefix only, "+
					"which could take two keys for one", "use a key of whole columns").Topic = table.TopicKey
			}
			if !index.Unique || part.Column == "" {
				continue
			}
			if from := source.Column(part.Column); from != nil {
				refuse := index.Name == target.KeyName()
				compareKeyColumn(p, from, target.Column(part.Column), &index, refuse, keyRemedy(from))
			}
		}
	}
}

// checkCreatedKeys is compareKeys of a target that is going to be created: its server may lack each collation under
// which the keys of the source stay apart, or a key may have another type there.
func (c *comparison) checkCreatedKeys() {
	for _, index := range c.source.Indexes {
		if !index.Unique || index.SourceOnly {
			continue
		}
		for _, part := range index.Columns {
			from := c.source.Column(part.Column)
			if from == nil {
				continue
			}
			to := *asDeclared(from)
			if to.Kind != table.KindString {
				continue
			}
			t, err := c.ddl.collations.translate(to.Charset, to.Collation, true, to.RawCharset)
			if err != nil {
				continue // refused by name
			}
			to.Charset, to.Collation = t.charset, t.collation
			refuse := index.Name == c.source.KeyName() || c.options.Replace // by which rows would push each other out
			remedy := "give the source's column a collation that ignores trailing spaces, or another character set"
			if from.Kind != to.Kind {
				remedy = "leave the column its type (columns.type)"
			}
			compareKeyColumn(c.Diff, from, &to, &index, refuse, remedy)
		}
	}
}

// sameColumns reports whether two lists name the same columns, in any order.
func sameColumns(a, b []string) bool {
	return len(a) == len(b) && !slices.ContainsFunc(a, func(c string) bool { return !table.HasColumn(b, c) })
}

// compareKeyColumn refuses a key under which two keys of the source could be one row. Under a unique key that is not
// theirs the same is an error once it happens, and a warning now.
func compareKeyColumn(p *Diff, from, to *schema.Column, index *schema.Index, refuse bool, remedy string) {
	how := mergedKeys(from, to)
	if how == "" {
		return
	}
	text := how + ": two different keys could become one row"
	if refuse {
		p.addFinding(table.LevelRefuse, to.Name, text, remedy).Topic = table.TopicCollation
		return
	}
	p.addFinding(table.LevelWarn, to.Name, fmt.Sprintf("%s (unique key %s), which stops the run when it happens", text,
		index.Name), remedy).Topic = table.TopicCollation
}

// keyRemedy is how a target that is there keeps the values of a key's column apart.
func keyRemedy(from *schema.Column) string {
	if from.Kind != table.KindString {
		return "give the target's column the source's type"
	}
	return fmt.Sprintf("give the target's column collation %s, or one that compares every character", from.Collation)
}

// mergedKeys says why two values that the source's column of a key tells apart could be one on the target, or "".
func mergedKeys(from, to *schema.Column) string {
	if to == nil || to.Kind != table.KindString {
		return ""
	}
	switch merge := mayMerge(from, to.Collation); {
	case from.Kind == table.KindString && merge:
		return fmt.Sprintf("has collation %s on the target and %s at the source", to.Collation, from.Collation)
	case from.Kind != table.KindEnum && from.Kind != table.KindSet:
		return "" // the texts of a UUID and of an INET6 differ in every collation
	case slices.Contains(from.Members, ""):
		return fmt.Sprintf("is %s on the target, and has an empty member at the source: values with it and without it "+
			"have one text", to.Type)
	case merge:
		return fmt.Sprintf("is %s of collation %s on the target, and its members have %s at the source", to.Type,
			to.Collation, cmp.Or(from.Collation, "no collation"))
	}
	return ""
}

// mayMerge reports whether two texts that differ under a source column's collation could be equal under the target's.
func mayMerge(from *schema.Column, to string) bool {
	switch {
	case sameCollation(from.Collation, to), schema.IsExactCollation(to):
		return false
	case strings.HasSuffix(to, "_bin"): // a plain _bin ignores trailing spaces, and nothing else
		return isNoPad(from.Collation) && from.Kind == table.KindString && !isChar(from)
	}
	return true
}

// compareRest notes what rows meet on the target beside columns and keys.
func compareRest(p *Diff, target *schema.Table, replace bool) {
	for _, index := range target.Indexes {
		if index.Unique && index.Name != target.KeyName() {
			what := "a row whose value another row holds stops the run"
			if replace {
				what = "a row makes way for another with its value, unless it is newer"
			}
			p.addFinding(table.LevelInfo, "", fmt.Sprintf("the target has a further unique key %s: %s", index.Name,
				what), "").Topic = table.TopicUnique
		}
	}
	for _, on := range []struct {
		names []string
		text  string
		topic table.Topic
	}{
		{target.Triggers, "the target has triggers, which run for every row that is written: ", table.TopicTrigger},
		{otherForeignKeys(target), "the target has foreign keys, which rows must satisfy when they arrive: ", ""},
		{target.Checks, "the target has checks, which rows must pass: ", ""},
	} {
		if len(on.names) > 0 {
			p.addFinding(table.LevelWarn, "", on.text+strings.Join(on.names, ", "), "").Topic = on.topic
		}
	}
}

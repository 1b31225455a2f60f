package target

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Target is a server that tables are written to.
type Target struct{ *mysqldb.DB }

// New makes a Target of a pool with the role of one.
func New(db *mysqldb.DB) *Target { return &Target{db} }

// Options says what may be done to a target before rows are written.
type Options struct {
	// Create allows CREATE TABLE, and CREATE DATABASE where the login may, for what is missing.
	Create bool
	// AddColumns allows ALTER TABLE … ADD COLUMN for later source columns.
	AddColumns bool
	// Cursor is the column by which newer rows are told; "" for none.
	Cursor string
	// Watermark is the cursor's value up to which rows were written, in the text of its kind. With
	// it, only rows up to there count as old where a column is added; "" makes all rows old.
	Watermark string
	// Rewrites says that the run writes every row of the source: what rows hold in an added column
	// until then does not matter.
	Rewrites bool
	// Replace says that rows are written with ConflictsReplace.
	Replace bool
	// DeferIndexes leaves indexes that the rows do not need to AddIndexes.
	DeferIndexes bool
}

// privileges are what writing rows takes.
func (o Options) privileges() []string {
	list := []string{"SELECT", "INSERT", "UPDATE"}
	if o.Replace {
		list = append(list, "DELETE")
	}
	return list
}

// Diff is what has to be done to a target and what is to be said of it. Nothing may be
// applied or written while a finding is LevelRefuse.
type Diff struct {
	Name table.Name
	// Statements are DDL, in order; none where the target is as it should be.
	Statements []string
	Findings   []table.Finding
	// Columns are the source's columns whose values travel, in table order.
	Columns []table.Column
	// Create says that the table does not exist yet.
	Create bool
	// RefersToItself says that the target refers to itself by foreign keys, and that rows may be
	// written without checking them, as UpsertSpec.RefersToItself wants it.
	RefersToItself bool
	// Deferred are, with DeferIndexes, the source's indexes that the target lacks or is created
	// without. They mean something only for a target that the same first load has created.
	Deferred []DeferredIndex

	from, to mysqldb.Server
	narrow   []narrow
	// carried are the source's generated columns that are plain ones on the target.
	carried []string
	// computed are generated columns on both sides whose expressions read differently.
	computed []computed
}

// Refused reports whether a finding forbids writing to the target.
func (p Diff) Refused() bool {
	return slices.ContainsFunc(p.Findings, func(f table.Finding) bool { return f.Level == table.LevelRefuse })
}

// note returns the finding, which may be given its topic before the next one is noted.
func (p *Diff) note(level table.Level, column, text, remedy string) *table.Finding {
	p.Findings = append(p.Findings, table.Finding{Level: level, Table: p.Name.String(), Column: column, Text: columnText(column, text), Remedy: remedy})
	return &p.Findings[len(p.Findings)-1]
}

// columnText makes a sentence of a column and what is to be said of it.
func columnText(column, text string) string {
	switch {
	case column == "":
		return text
	case strings.HasPrefix(text, "is ") || strings.HasPrefix(text, "has "):
		return "column " + column + " " + text
	}
	return "column " + column + ": " + text
}

// Compare compares a target with its source and says what must change. It writes nothing.
//
// What is wrong for good is a finding; an error is a server that cannot be asked, or one that
// is read-only (ClassFailover), which may pass.
func (t *Target) Compare(ctx context.Context, src mysqldb.Reader, source *schema.Table, name table.Name, o Options) (Diff, error) {
	p := Diff{Name: name, from: src.ServerInfo(), to: t.Server}
	if err := planTarget(ctx, t.DB, &p, src, source, o); err != nil {
		return Diff{}, fmt.Errorf("plan the target %s: %w", name, mysqlerr.Safe(err))
	}
	p.Columns = table.Carried(source.Carrying(p.carried...).Values())
	// Refusals first, the rest as found.
	slices.SortStableFunc(p.Findings, func(a, b table.Finding) int {
		switch {
		case a.Level == b.Level:
			return 0
		case a.Level == table.LevelRefuse:
			return -1
		case b.Level == table.LevelRefuse:
			return 1
		}
		return 0
	})
	if p.Refused() {
		p.Statements = nil
	}
	return p, nil
}

func planTarget(ctx context.Context, d *mysqldb.DB, p *Diff, src mysqldb.Reader, source *schema.Table, o Options) error {
	if source.Name == p.Name {
		same, err := sameServer(ctx, src, d)
		if err != nil {
			return err
		}
		if same {
			p.note(table.LevelRefuse, "", "source and target are the same table", "choose another target")
			return nil
		}
	}
	checkSourceKey(p, source)
	checkMembers(p, source)
	have, err := readCollations(ctx, d)
	if err != nil {
		return err
	}
	allowed, err := readGrants(ctx, d)
	if err != nil {
		return err
	}
	if err := checkTargetServer(ctx, d, p, allowed); err != nil {
		return err
	}
	builder := newDDL(source, src.ServerInfo(), d.Server, have)
	defer builder.close()
	target, err := schema.Read(ctx, d, p.Name)
	switch {
	case errors.Is(err, schema.ErrNotABaseTable):
		p.note(table.LevelRefuse, "", "the target is a view, not a table", "choose another name, or drop the view")
		return nil
	case errors.Is(err, schema.ErrNotFound):
		return planCreate(ctx, d, p, src, builder, allowed, o)
	case err != nil:
		return err
	}
	return planExisting(ctx, d, p, src, builder, target, allowed, o)
}

// planExisting plans what a target that is there lacks.
func planExisting(ctx context.Context, d *mysqldb.DB, p *Diff, src mysqldb.Reader, builder *ddl, target *schema.Table, allowed grants, o Options) error {
	source := builder.source
	allowed.need(p, o.privileges()...)
	if err := checkEngine(ctx, d, p, target); err != nil {
		return err
	}
	missing := compareTables(p, source, target, o.Replace)
	if err := planWiden(ctx, d, p, builder, target, allowed, o); err != nil {
		return err
	}
	checkTargetCursor(p, target, o.Cursor)
	if err := checkSelfReferences(ctx, d, p, src, source, target, o.Replace); err != nil {
		return err
	}
	if o.Replace {
		if err := checkReplace(ctx, d, p, source, target); err != nil {
			return err
		}
	}
	if err := builder.tryComputed(ctx, src, d, p, target); err != nil {
		return err
	}
	if err := builder.askRenames(ctx, src, d, p, target, missing, o); err != nil {
		return err
	}
	if err := planMissing(ctx, d, p, src, builder, target, planColumns(p, missing, o), allowed, o); err != nil {
		return err
	}
	if o.DeferIndexes {
		p.Deferred = builder.later(target)
	}
	return nil
}

// checkTargetCursor warns of a target that stamps its own rows.
func checkTargetCursor(p *Diff, target *schema.Table, cursor string) {
	c := target.Column(cursor)
	if c == nil || c.OnUpdate == "" {
		return
	}
	def := ""
	if c.Default != nil {
		def = " DEFAULT " + *c.Default
	} else if c.Nullable {
		def = " DEFAULT NULL"
	}
	null := " NOT NULL"
	if c.Nullable {
		null = " NULL"
	}
	p.note(table.LevelWarn, c.Name, "has ON UPDATE on the target: any UPDATE there makes a row newer than the source's, and it is then kept as it is until a later run",
		"ALTER TABLE "+sqltext.Qualified(target.Name)+" MODIFY "+sqltext.Ident(c.Name)+" "+c.Type+null+def).Topic = table.TopicCursor
}

// checkSourceKey refuses keys that rows cannot be matched by.
func checkSourceKey(p *Diff, source *schema.Table) {
	if len(source.PrimaryKey) == 0 {
		p.Findings = append(p.Findings, schema.NoPrimaryKeyFinding(source))
	}
	for _, index := range source.Indexes {
		if index.Name != "PRIMARY" {
			continue
		}
		for _, part := range index.Columns {
			c := source.Column(part.Column)
			switch {
			case c != nil && c.Generated:
				p.note(table.LevelRefuse, part.Column, "is a generated column in the primary key, which cannot be written", "use a key of plain columns").Topic = table.TopicKey
			case part.Prefix > 0:
				p.note(table.LevelRefuse, part.Column, "is in the primary key with a prefix only", "use a key of whole columns").Topic = table.TopicKey
			}
		}
	}
}

func planCreate(ctx context.Context, d *mysqldb.DB, p *Diff, src mysqldb.Reader, builder *ddl, allowed grants, o Options) error {
	p.Create = true
	if !o.Create {
		p.note(table.LevelRefuse, "", "the target table does not exist, or the login has no privilege on it", "create it, or allow its creation")
		return nil
	}
	var found int
	err := d.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?", p.Name.Schema).Scan(&found)
	if err != nil {
		return err
	}
	if found == 0 {
		// A database is more than a table: only a login that clearly may is taken to mean it.
		if !allowed.surely("CREATE", table.Name{Schema: p.Name.Schema}) {
			p.note(table.LevelRefuse, "", fmt.Sprintf("the target has no database %s that the login can see", p.Name.Schema),
				"create the database and grant the login SELECT, INSERT, UPDATE, CREATE and ALTER on it").Topic = table.TopicGrant
			return nil
		}
		p.Statements = append(p.Statements, "CREATE DATABASE "+sqltext.Ident(p.Name.Schema))
		p.note(table.LevelInfo, "", fmt.Sprintf("the database %s is created", p.Name.Schema), "")
	}
	allowed.need(p, append(o.privileges(), "CREATE")...)
	if err := builder.adapt(ctx, src, d, p.Name, nil); err != nil {
		return err
	}
	if err := builder.tryCreate(ctx, src, d, p); err != nil {
		return err
	}
	if o.DeferIndexes {
		if p.Deferred = builder.later(nil); len(p.Deferred) > 0 {
			allowed.need(p, "ALTER")
			p.note(table.LevelInfo, "", "indexes are added after the first load: "+laterNames(p.Deferred), "")
		}
	}
	p.Statements = append(p.Statements, builder.create(p.Name, o.DeferIndexes))
	p.carry(builder)
	return nil
}

// HasRows reports whether a table has any row at all.
func (t *Target) HasRows(ctx context.Context, name table.Name) (bool, error) {
	var one int
	err := t.QueryRowContext(ctx, "SELECT 1 FROM "+sqltext.Qualified(name)+" LIMIT 1").Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for rows in %s: %w", name, mysqlerr.Safe(err))
	}
	return true, nil
}

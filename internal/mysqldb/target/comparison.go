package target

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// comparison is one comparison of a source with its target. It collects statements and findings in Diff.
type comparison struct {
	*Diff
	src     mysqldb.Reader
	dst     *mysqldb.DB
	source  *schema.Table
	target  *schema.Table // nil where it does not exist
	ddl     *ddl
	grants  grants
	options Options
	look    func() (*Look, error)
}

// Compare compares a target with its source and says what must change. It writes nothing.
//
// A problem that a person has to solve is a finding. An error is a server that gives no answer, or one
// that is read-only ([mysqlerr.ClassFailover]), which may pass.
func (t *Target) Compare(ctx context.Context, src mysqldb.Reader, source *schema.Table, name table.Name,
	o Options,
) (Diff, error) {
	d := Diff{Name: name, from: src.ServerInfo(), to: t.Server}
	c := comparison{Diff: &d, src: src, dst: t.DB, source: source, options: o, look: o.Look}
	if c.look == nil {
		c.look = func() (*Look, error) { return t.LookAt(ctx, name) }
	}
	if err := c.run(ctx); err != nil {
		return Diff{}, fmt.Errorf("plan the target %s: %w", name, mysqlerr.Safe(err))
	}
	d.Columns = slices.DeleteFunc(table.Carried(source.Carrying(d.carried...).Values()),
		func(c table.Column) bool { return table.HasColumn(d.ignored, c.Name) })
	refusals := func(f table.Finding) bool { return f.Level == table.LevelRefuse }
	rest := slices.DeleteFunc(slices.Clone(d.Findings), refusals)
	d.Findings = append(slices.DeleteFunc(d.Findings, func(f table.Finding) bool { return !refusals(f) }), rest...)
	if d.Refused() {
		d.Statements = nil
	}
	return d, nil
}

func (c *comparison) run(ctx context.Context) error {
	if c.source.Name == c.Name {
		same, err := sameServer(ctx, c.src, c.dst)
		if err != nil {
			return err
		}
		if same {
			c.addFinding(table.LevelRefuse, "", "source and target are the same table", "choose another target")
			return nil
		}
	}
	checkSourceKey(c.Diff, c.source)
	checkMembers(c.Diff, c.source)
	c.checkDeclared()
	look, err := c.look()
	if err != nil {
		return err
	}
	c.grants = look.grants
	if err := c.checkServer(look.settings); err != nil {
		return err
	}
	c.ddl = newDDL(c.source, c.src.ServerInfo(), c.dst.Server, look.collations)
	defer c.ddl.close()
	c.target, err = look.table, look.tableErr
	switch {
	case errors.Is(err, schema.ErrNotABaseTable):
		c.addFinding(table.LevelRefuse, "", "the target is a view, not a table",
			"choose another name, or drop the view")
		return nil
	case errors.Is(err, schema.ErrNotFound):
		return c.createTable(ctx)
	case err != nil:
		return err
	}
	return c.changeTable(ctx)
}

// changeTable adds the statements that give an existing target what it lacks.
func (c *comparison) changeTable(ctx context.Context) error {
	c.grants.require(c.Diff, c.options.privileges()...)
	if err := c.checkEngine(ctx); err != nil {
		return err
	}
	c.target, _ = c.target.WithKey(c.source.PrimaryKey)
	c.checkWiderKey()
	missing := compareTables(c.Diff, c.source, c.target, c.options)
	if err := c.widenColumns(ctx); err != nil {
		return err
	}
	c.checkCursor()
	if err := c.checkSelfReferences(ctx); err != nil {
		return err
	}
	if err := c.checkReplace(ctx); err != nil {
		return err
	}
	if err := c.ddl.tryComputed(ctx, c.src, c.dst, c.Diff, c.target); err != nil {
		return err
	}
	if err := c.ddl.refuseRenames(ctx, c.src, c.dst, c.Diff, c.target, missing, c.options); err != nil {
		return err
	}
	if err := c.addColumns(ctx, c.columnsToAdd(missing)); err != nil {
		return err
	}
	c.addSoftColumn()
	c.ddl.ignored = c.ignored
	c.Deferred = c.ddl.deferredIndexes(c.target)
	return nil
}

// createTable adds the statements that create the target, and its schema where the login clearly may.
func (c *comparison) createTable(ctx context.Context) error {
	c.Create = true
	if !c.options.Create {
		c.addFinding(table.LevelRefuse, "", "the target table does not exist, or the login has no privilege on it",
			"create it, or allow its creation")
		return nil
	}
	var found int
	err := c.dst.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ?",
		c.Name.Schema).Scan(&found)
	if err != nil {
		return err
	}
	if found == 0 {
		// A database is more than a table: only a login that clearly may is taken to mean it.
		if !c.grants.has("CREATE", table.Name{Schema: c.Name.Schema}) {
			schema := sqltext.Ident(c.Name.Schema)
			c.addFinding(table.LevelRefuse, "", fmt.Sprintf("the target has no database %s that the login can see",
				c.Name.Schema), "CREATE DATABASE "+schema+"; "+
				c.dst.Server.Grant("SELECT, INSERT, UPDATE, CREATE, ALTER", schema+".*")).Topic = table.TopicGrant
			return nil
		}
		c.Statements = append(c.Statements, "CREATE DATABASE "+sqltext.Ident(c.Name.Schema))
		c.addFinding(table.LevelInfo, "", fmt.Sprintf("the database %s is created", c.Name.Schema), "")
	}
	c.grants.require(c.Diff, append(c.options.privileges(), "CREATE")...)
	if err := c.ddl.adapt(ctx, c.src, c.dst, c.Name, nil); err != nil {
		return err
	}
	if err := c.ddl.tryCreate(ctx, c.src, c.dst, c.Diff); err != nil {
		return err
	}
	c.checkCreatedKeys()
	c.deferIndexes()
	c.adviseLocalInfile()
	c.Statements = append(c.Statements, c.ddl.create(c.Name, len(c.Deferred) > 0))
	c.addSoftColumn()
	c.carry(c.ddl)
	return nil
}

// adviseLocalInfile says what a large first load would gain where the server took files from its clients.
func (c *comparison) adviseLocalInfile() {
	if rows := c.source.RowsEstimate; rows > table.LargeLoad && c.options.BulkLoad && !c.dst.Server.LocalInfile {
		c.addFinding(table.LevelInfo, "", fmt.Sprintf("about %s are sent by INSERT, since local_infile is OFF on the "+
			"target: with ON, LOAD DATA LOCAL takes a third less of its processor, where the columns' types allow it",
			human.Count(rows, "row")), "")
	}
}

// checkCursor warns of a target that stamps its own rows.
func (c *comparison) checkCursor() {
	col := c.target.Column(c.options.Cursor)
	if col == nil || col.OnUpdate == "" {
		return
	}
	def := ""
	if col.Default != nil {
		def = " DEFAULT " + *col.Default
	} else if col.Nullable {
		def = " DEFAULT NULL"
	}
	null := " NOT NULL"
	if col.Nullable {
		null = " NULL"
	}
	c.addFinding(table.LevelWarn, col.Name, "has ON UPDATE on the target: any UPDATE there makes a row newer than the "+
		"source's, and it is then kept as it is until a later run", "ALTER TABLE "+sqltext.Qualified(c.target.Name)+
		" MODIFY "+sqltext.Ident(col.Name)+" "+col.Type+null+def).Topic = table.TopicCursor
}

// checkSourceKey refuses keys that rows cannot be matched by.
func checkSourceKey(p *Diff, source *schema.Table) {
	if len(source.PrimaryKey) == 0 {
		p.Findings = append(p.Findings, schema.NoKeyFinding(source))
	}
	for _, index := range source.Indexes {
		if index.Name != source.KeyName() {
			continue
		}
		for _, part := range index.Columns {
			c := source.Column(part.Column)
			switch {
			case c != nil && c.Generated:
				p.addFinding(table.LevelRefuse, part.Column, "is a generated column in the key, which cannot "+
					"be written", "use a key of plain columns").Topic = table.TopicKey
			case part.Prefix > 0:
				p.addFinding(table.LevelRefuse, part.Column, "is in the key with a prefix only",
					"use a key of whole columns").Topic = table.TopicKey
			}
		}
	}
}

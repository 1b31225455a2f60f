package target

import (
	"context"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// openTrial is the session in which statements for the target are tried.
func (d *ddl) openTrial(ctx context.Context, dst *mysqldb.DB, name table.Name) (*trial, error) {
	if d.trial == nil {
		t, err := newTrial(ctx, dst, name)
		if err != nil {
			return nil, err
		}
		d.trial = t
	}
	return d.trial, nil
}

// close ends the trial.
func (d *ddl) close() {
	if d.trial != nil {
		d.trial.close()
		d.trial = nil
	}
}

// tryCreate creates the table as a temporary one, and refuses what the target does not take. Where
// the login may not, CREATE TABLE itself says it.
func (d *ddl) tryCreate(ctx context.Context, src mysqldb.Reader, dst *mysqldb.DB, p *Diff) error {
	t, err := d.openTrial(ctx, dst, p.Name)
	if err != nil || t.unavailable != "" {
		return err
	}
	if err := d.tryIndexes(ctx, src, t); err != nil {
		return err
	}
	statement := d.forTrial(func() string { return d.create(t.name, false) })
	_, definition, _ := strings.Cut(statement, "CREATE TABLE "+sqltext.Qualified(t.name))
	return refuseStatement(p, t.create(ctx, definition))
}

// tryAdd adds the named columns to a temporary table that is like the target.
func (d *ddl) tryAdd(ctx context.Context, dst *mysqldb.DB, p *Diff, names []string) error {
	statement := d.forTrial(func() string { return d.add(p.Name, names) })
	if statement == "" {
		return nil
	}
	return d.tryAlter(ctx, dst, p, strings.TrimPrefix(statement, "ALTER TABLE "+sqltext.Qualified(p.Name)))
}

// tryAlter makes changes to a temporary table that is like the target.
func (d *ddl) tryAlter(ctx context.Context, dst *mysqldb.DB, p *Diff, changes string) error {
	t, err := d.openTrial(ctx, dst, p.Name)
	if err != nil || t.unavailable != "" || t.create(ctx, "LIKE "+sqltext.Qualified(p.Name)) != nil {
		return err // with a FULLTEXT index, for one, there is no temporary table like it
	}
	_, err = t.conn.ExecContext(ctx, "ALTER TABLE "+sqltext.Qualified(t.name)+changes)
	return refuseStatement(p, err)
}

// forTrial makes a statement for the temporary table; what it notes, the real one notes again.
func (d *ddl) forTrial(statement func() string) string {
	noted := d.findings
	d.trying = true
	defer func() { d.findings, d.trying = noted, false }()
	return statement()
}

// refuseStatement turns a permanent error of a trial into a refusal: the real statement would fail as well.
// The text holds names only: the table has no rows.
func refuseStatement(p *Diff, err error) error {
	_, text, ok := mysqlerr.ServerMessage(err)
	if !ok {
		return err
	}
	switch problem := mysqlerr.Describe(err); problem.Class {
	case mysqlerr.ClassConfiguration, mysqlerr.ClassRowData, mysqlerr.ClassUnknown:
		remedy := problem.Remedy
		if remedy == "" {
			remedy = "create the target by hand, so that it takes the source's rows"
		}
		p.addFinding(table.LevelRefuse, "", "the target does not take the statement: "+text, remedy)
	default: // it may pass: a temporary table takes room and locks of its own
	}
	return nil
}

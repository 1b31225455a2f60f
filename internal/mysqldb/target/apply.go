package target

import (
	"context"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Apply runs a plan's statements. A plan that was refused is an error.
//
// Each statement commits by itself; after an error, plan again and what is left is done.
func (t *Target) Apply(ctx context.Context, p Diff) error {
	if p.Refused() {
		return fmt.Errorf("change the target %s: %w", p.Name,
			mysqlerr.Refuse("", "the plan was refused", "resolve its findings and plan again"))
	}
	if len(p.Statements) == 0 {
		return nil
	}
	if err := t.applyStatements(ctx, p.Name, p.Statements); err != nil {
		return fmt.Errorf("change the target %s: %w", p.Name, err)
	}
	return nil
}

// applyStatements runs DDL. What alters a table that is there takes care of its other users; see ExecExclusive.
func (t *Target) applyStatements(ctx context.Context, name table.Name, statements []string) error {
	for _, statement := range statements {
		var err error
		if strings.HasPrefix(statement, "CREATE ") {
			_, err = t.ExecContext(ctx, statement)
		} else {
			err = t.ExecExclusive(ctx, statement, name)
		}
		if err != nil {
			return ddlError(statement, err)
		}
	}
	return nil
}

// ddlError keeps the server's text of a CREATE, which holds names only: there are no rows yet. The error is
// permanent, unless another session has created the table meanwhile.
func ddlError(statement string, err error) error {
	p := mysqlerr.Describe(err)
	number, text, ok := mysqlerr.ServerMessage(err)
	if !strings.HasPrefix(statement, "CREATE ") || !ok ||
		p.Class != mysqlerr.ClassUnknown && p.Class != mysqlerr.ClassConfiguration && p.Class != mysqlerr.ClassRowData {
		return mysqlerr.Safe(err)
	}
	switch number {
	case mysqlerr.ErrDBExists, mysqlerr.ErrTableExists: // by the run of another table, where several share a target
		p.Class, p.Sentence, p.Remedy = mysqlerr.ClassRetry, "another session has created it meanwhile", ""
		return mysqlerr.NewError(p) // planning again finds it
	}
	p.Class, p.Sentence = mysqlerr.ClassConfiguration, text
	if p.Remedy == "" || number == mysqlerr.ErrParse {
		p.Remedy = "create the target by hand, so that it takes the source's rows"
	}
	return mysqlerr.NewError(p)
}

// alterable is an ALTER TABLE as a table that keeps its history takes it.
func alterable(t *schema.Table, p *Diff, statement string) string {
	if !t.Versioned {
		return statement
	}
	p.addFinding(table.LevelInfo, "",
		"the target keeps former rows (WITH SYSTEM VERSIONING), which are altered as well", "")
	return "SET STATEMENT system_versioning_alter_history = KEEP FOR " + statement
}

package target

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// ReplaceSpec says how a target is to be replaced as a whole.
type ReplaceSpec struct {
	Names table.Replacement
	// CrashSafe says that the server's RENAME of two tables is atomic; AllowUnsafe lets the target be replaced without.
	CrashSafe, AllowUnsafe bool
	// Bytes is about how large the loaded table will be.
	Bytes int64
	// Written are the columns that rows of the source have.
	Written []table.Column
}

// Replaceable says what speaks against the replacement of a target, and what its owner has to know. It writes nothing.
func (t *Target) Replaceable(ctx context.Context, s ReplaceSpec) (table.Findings, error) {
	r := replaceable{t: t, spec: s, diff: Diff{Name: s.Names.Target, to: t.Server}}
	now, err := schema.Read(ctx, t.DB, s.Names.Target)
	if err != nil && !schema.IsGone(err) {
		return nil, err
	}
	if err := r.grants(ctx, now != nil); err != nil {
		return nil, err
	}
	if now != nil {
		if err := r.existing(ctx, now); err != nil {
			return nil, err
		}
	}
	return r.diff.Findings, nil
}

type replaceable struct {
	t    *Target
	spec ReplaceSpec
	diff Diff
}

// grants refuses a login that clearly lacks what the tables beside the target take. A grant on one table
// gives nothing on the tables beside it.
func (r *replaceable) grants(ctx context.Context, exists bool) error {
	of := map[table.Name][]string{
		r.spec.Names.Load: {"SELECT", "INSERT", "UPDATE", "CREATE", "ALTER", "DROP"},
		r.spec.Names.Old:  {"CREATE", "INSERT", "ALTER", "DROP"},
		r.spec.Names.Target: {
			"SELECT", "INSERT", "CREATE", "ALTER", "DROP",
		},
	}
	if !exists {
		of[r.spec.Names.Target] = []string{"SELECT", "INSERT", "CREATE"}
	}
	lacking := map[string]bool{}
	for name, privileges := range of {
		lacks, err := r.t.Lacks(ctx, name, privileges...)
		if err != nil {
			return err
		}
		for _, p := range lacks {
			lacking[p] = true
		}
	}
	var list []string
	for _, p := range []string{"SELECT", "INSERT", "UPDATE", "CREATE", "ALTER", "DROP"} {
		if lacking[p] {
			list = append(list, p)
		}
	}
	if len(list) > 0 {
		text := strings.Join(list, ", ")
		r.diff.addFinding(table.LevelRefuse, "", "the login lacks "+text+" on the tables that stand beside the target "+
			"while it is replaced", r.t.DB.Server.Grant(text,
			sqltext.Ident(r.spec.Names.Target.Schema)+".*")).Topic = table.TopicGrant
	}
	return nil
}

// Bound is what belongs to a table, and not to its name: a RENAME takes it along.
type Bound struct {
	// Children are other tables that refer to the table by foreign keys.
	Children []string
	Triggers []string
}

// BoundTo reads what a RENAME of a table would take along. Without the TRIGGER privilege it sees no triggers.
func (t *Target) BoundTo(ctx context.Context, name table.Name) (out Bound, err error) {
	children, err := t.names(ctx, "SELECT DISTINCT CONCAT(TABLE_SCHEMA, '.', TABLE_NAME) FROM "+
		"information_schema.KEY_COLUMN_USAGE WHERE REFERENCED_TABLE_SCHEMA = ? AND REFERENCED_TABLE_NAME = ?", name)
	if err != nil {
		return out, err
	}
	for _, child := range children {
		if !strings.EqualFold(child, name.Schema+"."+name.Table) {
			out.Children = append(out.Children, child)
		}
	}
	out.Triggers, err = t.names(ctx, "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE "+
		"EVENT_OBJECT_SCHEMA = ? AND EVENT_OBJECT_TABLE = ? ORDER BY TRIGGER_NAME", name)
	return out, err
}

// existing looks at a target that is there.
func (r *replaceable) existing(ctx context.Context, now *schema.Table) error {
	refuse := func(text, remedy string) { r.diff.addFinding(table.LevelRefuse, "", text, remedy) }
	bound, err := r.t.BoundTo(ctx, r.spec.Names.Target)
	if err != nil {
		return err
	}
	if len(bound.Children) > 0 {
		refuse("other tables refer to the target by foreign keys, which would follow the former table: "+
			strings.Join(bound.Children, ", "), "drop those foreign keys, or use write: upsert")
	}
	if len(bound.Triggers) > 0 {
		refuse("the target has triggers, which would stay with the former table: "+strings.Join(bound.Triggers, ", "),
			"drop them, or use write: upsert")
	}
	if now.Versioned {
		refuse("the target keeps former rows (WITH SYSTEM VERSIONING), which would go with the former table",
			"use write: upsert")
	}
	switch {
	case !r.spec.CrashSafe && !r.spec.AllowUnsafe:
		refuse(fmt.Sprintf("%s does not rename two tables at once safely: a crash in that moment would leave the "+
			"target missing", r.t.Server), "use MySQL 8.0 or MariaDB 10.6, or set allowUnsafeSwap: the next step then "+
			"finds the table and renames it")
	case !r.spec.CrashSafe:
		r.diff.addFinding(table.LevelWarn, "", fmt.Sprintf("%s does not rename two tables at once safely: after a "+
			"crash in that moment the target is missing until the step is repeated", r.t.Server), "")
	}
	r.diff.addFinding(table.LevelInfo, "", fmt.Sprintf("the target is replaced as a whole: %s are needed twice until "+
		"the former table is dropped", human.Size(max(now.Bytes, r.spec.Bytes))), "")
	r.diff.addFinding(table.LevelInfo, "", "what others write to the target between two runs goes with the former "+
		"table; what they write during a run stops it before the swap, where the server shows it", "")
	var own []string
	for _, c := range now.Columns {
		if !c.Generated && !slices.ContainsFunc(r.spec.Written, func(w table.Column) bool {
			return table.SameColumn(w.Name, c.Name)
		}) {
			own = append(own, c.Name)
		}
	}
	if len(own) > 0 {
		r.diff.addFinding(table.LevelWarn, "", "columns that only the target has get their default in every row, what "+
			"others have written there is lost: "+strings.Join(own, ", "), "")
	}
	return r.copies(ctx, now)
}

// copies looks whether the table beside the target can be made like it.
func (r *replaceable) copies(ctx context.Context, now *schema.Table) error {
	c, err := r.t.CopyOf(ctx, now.Name, r.spec.Names.Load, false)
	if p, ok := errors.AsType[*mysqlerr.Error](err); ok && p.Class == mysqlerr.ClassConfiguration && p.Number == 0 {
		r.diff.addFinding(table.LevelRefuse, "", p.Sentence, p.Remedy)
		return nil
	}
	if err != nil {
		return err
	}
	if len(c.Renamed) > 0 {
		r.diff.addFinding(table.LevelInfo, "", "names of constraints are of the schema, so these change with the "+
			"first swap: "+strings.Join(c.Renamed, ", "), "")
	}
	return nil
}

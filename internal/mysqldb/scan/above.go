package scan

import (
	"context"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// NoneAbove reports whether the table certainly has no row with a cursor above lo, an exact text of the cursor, on the
// server of the digest. It is one look into an index that begins with the cursor. Without such an index, where the look
// takes long, and on another server, it returns false.
func NoneAbove(
	ctx context.Context, d mysqldb.Reader, t *schema.Table, cursor, lo, instance string,
) (none bool, err error) {
	if lo == "" || schema.CursorIndex(t, cursor) == "" {
		return false, nil
	}
	plan, err := newReadPlan(d.ServerInfo(), ReadSpec{Table: t, Cursor: cursor})
	if err != nil {
		return false, err
	}
	where, err := plan.inWindow(table.Window{Lo: lo})
	if err != nil {
		return false, err
	}
	// In one row with the server's digest: an empty answer would not say whose it is.
	exprs := []sqltext.Expr{
		{SQL: d.InstanceSQL(), Kind: table.KindString},
		{SQL: "EXISTS (SELECT 1 FROM " + sqltext.Qualified(t.Name) + " FORCE INDEX (" + sqltext.Ident(plan.index) +
			") WHERE " + strings.Join(append(where, plan.filters...), " AND ") + ")", Kind: table.KindInt},
	}
	found, err := fetch.RowWithin(ctx, d, seekTimeout, exprs[0].SQL+", "+exprs[1].SQL, exprs)
	if mysqlerr.IsTimeLimit(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for rows of %s above the window's lower end: %w", t.Name, mysqlerr.Safe(err))
	}
	return len(found) == 2 && found[0] == instance && found[1] == "0", nil
}

package source

import (
	"context"
	"errors"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// TryFilter asks the server whether the filter of t is SQL of its columns. It reads no row.
func (s *Source) TryFilter(ctx context.Context, t *schema.Table) ([]table.Finding, error) {
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf("SELECT 1 FROM %s WHERE (%s) LIMIT 0", sqltext.Qualified(t.Name),
		t.Filter))
	if err == nil {
		err = errors.Join(rows.Err(), rows.Close())
	}
	number, text, ok := refusedSQL(err)
	switch {
	case err == nil:
		return nil, nil
	case !ok:
		return nil, fmt.Errorf("try the filter of %s: %w", t.Name, mysqlerr.Safe(err))
	case number == mysqlerr.ErrTableAccessDenied:
		return nil, nil // the check of the source says it
	}
	f := &findings{table: t.Name}
	f.add(table.LevelRefuse, "", table.TopicMapping, fmt.Sprintf("where: the source does not take it (%d: %s)", number,
		text), "write an SQL condition of the source's own columns")
	return f.list, nil
}

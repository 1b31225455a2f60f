package target

import (
	"context"
	"errors"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Look is what a target says of itself, without a look at any source.
type Look struct {
	collations collations
	grants     grants
	settings   map[string]string
	// table is the target; tableErr is why there is none, where that is no lack of an answer.
	table    *schema.Table
	tableErr error
}

// LookAt asks a target for what Compare needs of it. It writes nothing.
func (t *Target) LookAt(ctx context.Context, name table.Name) (*Look, error) {
	l := &Look{}
	err := t.Together(
		func() (err error) { l.collations, err = readCollations(ctx, t.DB); return err },
		func() (err error) { l.grants, err = readGrants(ctx, t.DB); return err },
		func() (err error) { l.settings, err = readSettings(ctx, t.DB); return err },
		func() error {
			l.table, l.tableErr = schema.Read(ctx, t.DB, name)
			if l.tableErr == nil || errors.Is(l.tableErr, schema.ErrNotABaseTable) ||
				errors.Is(l.tableErr, schema.ErrNotFound) {
				return nil
			}
			return l.tableErr
		},
	)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// readSettings are the variables of which checkServer speaks, names in lower case and values in upper case.
func readSettings(ctx context.Context, d *mysqldb.DB) (_ map[string]string, err error) {
	settings := map[string]string{}
	rows, err := d.QueryContext(ctx, "SHOW VARIABLES WHERE Variable_name IN"+
		" ('log_bin', 'binlog_format', 'read_only', 'super_read_only', 'innodb_read_only', 'transaction_read_only',"+
		" 'innodb_flush_log_at_trx_commit', 'sync_binlog')")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var name, value string
		if err := rows.Scan(&name, &value); err != nil {
			return nil, err
		}
		settings[strings.ToLower(name)] = strings.ToUpper(value)
	}
	return settings, rows.Err()
}

package scan

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/fetch"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// keysTime bounds one look on the server.
const keysTime = 30 * time.Second

// KeysSpec says which rows to look for.
type KeysSpec struct {
	Table *schema.Table
	// Columns are those of the rows that are found, in order.
	Columns []table.Column
	// Key names the columns of Keys, all of the primary key in any order; nil is the primary key in its own order.
	Key []string
	// Keys are texts of these columns; an ENUM's and a SET's as well.
	Keys []table.Texts
	// MaxBytes bounds the values of one statement, in bytes, 0 is 16 MiB. One row may be larger.
	MaxBytes int
	// Instance is the digest of the server that every statement must reach; any other is
	// mysqldb.ErrOtherServer. Empty is any server.
	Instance string
}

// ReadKeys looks for rows by their keys, some hundred at a time, and hands those that are there to yield, in no order.
//
// The server compares keys by its own collation: a row whose key has another spelling is found as well, and the
// caller compares bytes. Each look is one short SELECT in autocommit. The Rows are reused: yield must be done with
// them when it returns. An error of yield ends the read and is returned as it is.
func ReadKeys(ctx context.Context, d mysqldb.Reader, spec KeysSpec, yield func(*table.Rows) error) error {
	plan, err := newReadPlan(d.ServerInfo(), ReadSpec{
		Table: spec.Table, Columns: spec.Columns, ByKey: true, Instance: spec.Instance,
	})
	if err != nil {
		return fmt.Errorf("read %s: %w", spec.Table.Name, err)
	}
	list, err := schema.NewKeyList(spec.Table, spec.Key)
	if err != nil {
		return fmt.Errorf("read %s: %w", spec.Table.Name, err)
	}
	k := &keyReader{db: d, plan: plan, list: list, max: spec.MaxBytes, want: schema.KeysAtOnce}
	if k.max <= 0 {
		k.max = defaultPageBytes
	}
	for keys := spec.Keys; len(keys) > 0; {
		done, rows, err := k.look(ctx, keys)
		if err != nil {
			return fmt.Errorf("read %s: %w", spec.Table.Name, mysqlerr.Safe(mysqldb.AsOtherServer(err)))
		}
		if err := yield(rows); err != nil {
			return err
		}
		keys = keys[done:]
	}
	return nil
}

// keyReader is one call of ReadKeys.
type keyReader struct {
	db   mysqldb.Reader
	plan *readPlan
	list *schema.KeyList
	max  int
	want int
	rows *table.Rows
	out  *table.Rows
}

// visible are the rows that were found, with masks.
func (k *keyReader) visible() *table.Rows {
	if !k.plan.masked {
		return k.rows
	}
	if k.out == nil {
		k.out = table.NewRows(len(k.plan.columns))
	}
	k.plan.project(k.out, k.rows)
	return k.out
}

// look asks for the first of the keys, and returns for how many it did. Where they are more bytes than a statement may
// bring, it asks for fewer.
func (k *keyReader) look(ctx context.Context, keys []table.Texts) (done int, _ *table.Rows, err error) {
	exprs := k.plan.exprs
	if !k.plan.masked { // the key's own columns are not asked for
		exprs = exprs[:len(k.plan.columns)]
	}
	for {
		cond, n, err := k.list.In(keys[:min(k.want, len(keys))], schema.KeysText)
		if err != nil {
			return 0, nil, err
		}
		if k.rows == nil {
			k.rows = table.NewRows(len(exprs))
		}
		k.rows.Reset()
		where := slices.Clone(k.plan.filters)
		if k.plan.fixed != "" {
			where = append(where, k.plan.fixed)
		}
		query := k.plan.selectSQL(exprs, append(where, cond), keysTime)
		got, err := fetch.Rows(ctx, k.db, query, exprs, k.rows, k.max)
		if err != nil {
			return 0, nil, err
		}
		if !got.Truncated || n == 1 {
			return n, k.visible(), nil
		}
		k.want = max(1, n/4)
	}
}

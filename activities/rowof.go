package activities

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
)

// rowOf is the statement that finds a row of the source by the hash of its key, which stands for the key in messages;
// "" where the source cannot compute the hash, because the key is masked by the worker.
func (r *openedRange) rowOf(hash string) string {
	var key []string
	for _, want := range r.plan.Key {
		for _, c := range r.plan.Columns {
			switch {
			case !strings.EqualFold(c.Name, want):
			case c.Mask != "":
				return ""
			case c.Expr != "":
				key = append(key, "("+c.Expr+")")
			default:
				key = append(key, sqltext.Ident(c.SourceName()))
			}
		}
	}
	if len(key) == 0 || len(key) != len(r.plan.Key) {
		return ""
	}
	return fmt.Sprintf("SELECT * FROM %s WHERE LEFT(SHA2(CONCAT_WS(',', %s), 256), 16) = '%s'",
		sqltext.Qualified(r.plan.Settings.Table), strings.Join(key, ", "), hash)
}

// rowError is an error about one row, with the statement that shows the row.
type rowError struct {
	error
	query string
}

func (e *rowError) Unwrap() error { return e.error }

// withRow is err with the statement that shows the row which it is about, if it is about one.
func (r *openedRange) withRow(err error) error {
	hash := mysqlerr.Describe(err).KeyHash
	if hash == "" {
		return err
	}
	if query := r.rowOf(hash); query != "" {
		return &rowError{err, query}
	}
	return err
}

// withRowOf is a remedy with the statement of an error that withRow has returned.
func withRowOf(err error, remedy string) string {
	row, ok := errors.AsType[*rowError](err)
	if !ok {
		return remedy
	}
	return strings.TrimPrefix(remedy+"; the row, at the source: "+row.query, "; ")
}

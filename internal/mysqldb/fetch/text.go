package fetch

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

// rowAppender returns a function that adds the next row to dst, and returns false where there is none.
func rowAppender(dst *table.Rows, exprs []sqltext.Expr, rows driver.Rows) func() (bool, error) {
	text, ok := rows.(mysqldb.TextRows)
	if !ok {
		values := make([]driver.Value, len(exprs))
		return func() (bool, error) { return AppendRow(dst, exprs, rows, values) }
	}
	forms, err := textForms(exprs, text.ColumnTypes())
	return func() (bool, error) {
		if err != nil {
			return false, err
		}
		row, err := text.NextText()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return false, nil
			}
			return false, err
		}
		return true, appendText(dst, exprs, forms, row)
	}
}

// textForm is how the text of a value becomes that of its kind.
type textForm int

const (
	formBytes textForm = iota
	formWhole
	formDouble
	// formOther goes through AppendValue, as a value of the driver does.
	formOther
)

// textForms are the forms of the columns of a result. They depend on the types of the result, as the driver's do.
func textForms(exprs []sqltext.Expr, types []mysqldb.ColumnType) ([]textForm, error) {
	if len(types) != len(exprs) {
		return nil, fmt.Errorf("%w: %d columns instead of %d", errWireType, len(types), len(exprs))
	}
	forms := make([]textForm, len(exprs))
	for i, e := range exprs {
		switch types[i] {
		case mysqldb.TypeTiny, mysqldb.TypeShort, mysqldb.TypeInt24, mysqldb.TypeLong, mysqldb.TypeLongLong,
			mysqldb.TypeYear:
			forms[i] = formWhole
		case mysqldb.TypeFloat, mysqldb.TypeDouble:
			if types[i] == mysqldb.TypeFloat || e.Kind != table.KindFloat && e.Kind != table.KindDouble {
				return nil, fmt.Errorf("%w: a floating-point number for %s", errWireType, e.SQL)
			}
			forms[i] = formDouble
		default:
			if e.Kind == table.KindBit || e.StripZeros {
				forms[i] = formOther
			}
		}
	}
	return forms, nil
}

// appendText adds a row of the text protocol.
func appendText(dst *table.Rows, exprs []sqltext.Expr, forms []textForm, row []byte) error {
	for i, form := range forms {
		v, rest, err := mysqldb.CutText(row)
		if err != nil {
			return fmt.Errorf("read %s: %w", exprs[i].SQL, err)
		}
		row = rest
		switch {
		case v == nil:
			dst.AppendNull()
		case form == formWhole && len(v) > 1 && v[0] == '0': // ZEROFILL, and the YEAR 0000
			dst.Append(unpadded(v))
		case form == formDouble:
			f, err := strconv.ParseFloat(string(v), 64)
			if err != nil {
				return fmt.Errorf("%w: %w", errWireType, err)
			}
			err = AppendValue(dst, exprs[i], f)
			if err != nil {
				return err
			}
		case form == formOther:
			if err := appendBytes(dst, exprs[i], v); err != nil {
				return err
			}
		default:
			dst.Append(v)
		}
	}
	if len(row) > 0 {
		return fmt.Errorf("%w: %d bytes behind the last value", errWireType, len(row))
	}
	return nil
}

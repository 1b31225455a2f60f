package fill

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// caseRows bounds the rows of a statement that chooses each row's value by a CASE: the server looks through half of
	// its branches for each row. caseText bounds its SQL, in bytes.
	caseRows = 100
	caseText = 1 << 20
)

// errCount ends a transaction whose statement has met other rows than were locked.
var errCount = errors.New("the server has found another number of rows than were locked")

// statements writes the UPDATEs:
//
//	rows                          statement
//	with the same values          UPDATE … SET c = value WHERE key IN (…)
//	of kinds that a CASE keeps    UPDATE … SET c = CASE WHEN key = … THEN value … END WHERE key IN (…), 100 rows each
//	others                        UPDATE … SET c = value WHERE key IN (one)
//
// A CASE has one type for all of its branches. Where a value's text means different things as a number and as a
// string, as that of an ENUM does, it would turn one into the other.
type statements struct {
	f         *filler
	head      string
	keep      string // assignments that leave columns with ON UPDATE as they are
	appenders []sqltext.Appender
	byCase    bool
}

func (f *filler) newStatements() (*statements, error) {
	s := &statements{f: f, byCase: true}
	s.head = "UPDATE " + sqltext.Qualified(f.spec.Target.Name) + " FORCE INDEX (" +
		sqltext.Ident(f.spec.Target.KeyName()) + ") SET "
	for _, c := range f.spec.Target.Columns {
		if c.OnUpdate != "" && !table.HasColumn(f.spec.Fill, c.Name) {
			s.keep += ", " + sqltext.Ident(c.Name) + " = " + sqltext.Ident(c.Name)
		}
	}
	for _, i := range f.fill {
		from, to := f.spec.Columns[i], f.targets[i]
		compare, err := sqltext.NewAppender(from, to)
		if err != nil {
			return nil, err
		}
		s.appenders = append(s.appenders, sqltext.AssignAppender(from, to, compare))
		s.byCase = s.byCase && keepsInCase(from, to)
	}
	return s, nil
}

// keepsInCase reports the columns whose values are texts or numbers of one type, with any values.
func keepsInCase(from, to table.Column) bool {
	if from.RawCharset || to.RawCharset || from.Kind != to.Kind {
		return false
	}
	switch from.Kind {
	case table.KindInt, table.KindUint, table.KindDecimal, table.KindYear, table.KindDate, table.KindDateTime,
		table.KindTimestamp, table.KindTime, table.KindString, table.KindBytes, table.KindFloat, table.KindDouble:
		return true
	default:
		return false
	}
}

// group is the rows that get the same values.
type group struct {
	values []string // as SQL, by position in filler.fill
	rows   []int
}

// update writes rows, all of which are locked, and returns those that it leaves because the transaction is late. It
// always writes some.
func (f *filler) update(ctx context.Context, todo []int) (unwritten []int, err error) {
	groups, err := f.write.groups(todo)
	if err != nil {
		return nil, err
	}
	var single []group
	for i, g := range groups {
		if len(g.rows) == 1 && f.write.byCase {
			single = append(single, g)
			continue
		}
		if err := f.write.exec(ctx, g.values, g.rows); err != nil {
			return nil, err
		}
		if f.isLate() {
			return rowsOf(append(single, groups[i+1:]...)), nil
		}
	}
	for len(single) > 0 {
		n, err := f.write.execCase(ctx, single)
		if err != nil {
			return nil, err
		}
		if single = single[n:]; f.isLate() {
			break
		}
	}
	return rowsOf(single), nil
}

// rowsOf are the rows of groups.
func rowsOf(groups []group) (rows []int) {
	for _, g := range groups {
		rows = append(rows, g.rows...)
	}
	return rows
}

// groups sorts rows by their values, in the order of the first row of each.
func (s *statements) groups(todo []int) ([]group, error) {
	var out []group
	at := map[string]int{}
	for _, row := range todo {
		values := make([]string, len(s.appenders))
		for n, appender := range s.appenders {
			values[n] = "NULL"
			if v := s.f.rows.Value(row, s.f.fill[n]); v != nil {
				text, err := appender(nil, v)
				if err != nil {
					return nil, fmt.Errorf("column %s: %w", s.f.spec.Fill[n], err)
				}
				values[n] = string(text)
			}
		}
		key := strings.Join(values, ",")
		i, ok := at[key]
		if !ok {
			i = len(out)
			at[key] = i
			out = append(out, group{values: values})
		}
		out[i].rows = append(out[i].rows, row)
	}
	return out, nil
}

// exec gives rows the same values.
func (s *statements) exec(ctx context.Context, values []string, rows []int) error {
	set := make([]string, len(values))
	for n, v := range values {
		set[n] = sqltext.Ident(s.f.targets[s.f.fill[n]].Name) + " = " + v
	}
	return s.run(ctx, strings.Join(set, ", "), rows)
}

// execCase gives each of the first n rows its own values.
func (s *statements) execCase(ctx context.Context, single []group) (n int, err error) {
	cases := make([]strings.Builder, len(s.appenders))
	var rows []int
	for size := 0; n < len(single) && n < caseRows && (n == 0 || size < caseText); n++ {
		row := single[n].rows[0]
		rows = append(rows, row)
		key, _, err := s.f.list.In([]table.Texts{s.f.keyOf(s.f.rows, row)}, schema.KeysText)
		if err != nil {
			return 0, err
		}
		for i := range cases {
			fmt.Fprintf(&cases[i], " WHEN %s THEN %s", key, single[n].values[i])
		}
		size += len(cases) * (len(key) + 12)
		for _, v := range single[n].values {
			size += len(v)
		}
	}
	set := make([]string, len(cases))
	for i := range cases {
		set[i] = sqltext.Ident(s.f.targets[s.f.fill[i]].Name) + " = CASE" + cases[i].String() + " END"
	}
	return n, s.run(ctx, strings.Join(set, ", "), rows)
}

// run executes an UPDATE of rows. An error of one row's value names the statement's columns, and no value.
func (s *statements) run(ctx context.Context, set string, rows []int) error {
	keys := make([]table.Texts, len(rows))
	for i, row := range rows {
		keys[i] = s.f.keyOf(s.f.rows, row)
	}
	cond, n, err := s.f.list.In(keys, 2*schema.KeysText) // the same keys have been one list before
	if err != nil {
		return err
	}
	res, err := s.f.conn.ExecContext(ctx, s.head+set+s.keep+" WHERE "+cond)
	if err != nil {
		return err
	}
	changed, err := res.RowsAffected()
	if err == nil && (n != len(rows) || changed > int64(len(rows))) {
		return mysqlerr.Safe(fmt.Errorf("%w: %d, and %d were locked", errCount, changed, len(rows)))
	}
	return err
}

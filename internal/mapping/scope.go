package mapping

import (
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/mysqldb/sqltext"
)

// Scope is the SQL condition that tells this source's rows from those of other sources in one target: the added
// columns that hold the same value in all of its rows. It is empty where there is none.
func (s *Settings) Scope(target *schema.Table) (string, error) {
	if s == nil {
		return "", nil
	}
	if key := s.AddedKey(); len(key) > 0 {
		return s.keyScope(target, key)
	}
	var conditions []string
	for i, added := range s.Added {
		c := target.Column(s.Add[i].Column)
		if added.Constant == nil || c == nil {
			continue
		}
		from := added.Column
		from.Name = c.Name
		write, err := sqltext.NewAppender(from, c.Column)
		if err != nil {
			return "", fmt.Errorf("columns.add.%s: %w", c.Name, err)
		}
		value, err := write(nil, []byte(*added.Constant))
		if err != nil {
			return "", fmt.Errorf("columns.add.%s: %w", c.Name, err)
		}
		conditions = append(conditions, sqltext.Ident(c.Name)+" = "+string(value))
	}
	return strings.Join(conditions, " AND "), nil
}

// keyScope is the scope where added columns are part of the target's key: by them alone.
func (s *Settings) keyScope(target *schema.Table, key []string) (string, error) {
	var conditions []string
	for _, name := range key {
		c := target.Column(name)
		if c == nil {
			return "", nil
		}
		expr, _ := valueOf(s.Add, name)
		literal, err := sqltext.Comparand(c.Column)
		if err != nil {
			return "", fmt.Errorf("columns.add.%s: %w", name, err)
		}
		value, err := literal(strings.Trim(expr, "'"))
		if err != nil {
			return "", fmt.Errorf("columns.add.%s: %w", name, err)
		}
		conditions = append(conditions, sqltext.Column(c.Column)+" = "+value)
	}
	return strings.Join(conditions, " AND "), nil
}

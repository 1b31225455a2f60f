package world_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// statement is one statement that changes rows of the writer, with its values.
func (w *writer) statement() (string, []any) {
	n := w.random.IntN(100)
	if w.table.cursor.insertOnly || len(w.live) == 0 {
		n = w.random.IntN(40)
	}
	switch {
	case n < 30:
		return w.insert("INSERT", 1+w.random.IntN(4))
	case n < 40:
		return w.insertSelect()
	case n < 75:
		return w.update(w.table.where(w.any()))
	case n < 83:
		return w.update(fmt.Sprintf("w = %d AND v %% 5 = %d", w.id, w.random.IntN(5)))
	case n < 87: // no index: it meets the locks of others
		return w.update(fmt.Sprintf("w + 0 = %d AND v %% 9 = %d", w.id, w.random.IntN(9)))
	case n < 94 && w.table.key.of != nil:
		return w.again()
	default:
		w.deletes = true
		return fmt.Sprintf("DELETE FROM %s WHERE %s", w.table.name, w.table.where(w.any())), nil
	}
}

// any is the key of one of the writer's rows.
func (w *writer) any() []any {
	keys := slices.Sorted(maps.Keys(w.live)) // a map's order is not the seed's
	return w.live[keys[w.random.IntN(len(keys))]]
}

// insert adds new rows.
func (w *writer) insert(verb string, rows int) (string, []any) {
	names, columns := w.named()
	var groups []string
	var args []any
	for range rows {
		group, values := w.values(w.newKey(), columns)
		groups, args = append(groups, "("+group+")"), append(args, values...)
	}
	return fmt.Sprintf("%s INTO %s (%s) VALUES %s", w.verb(verb), w.table.name, strings.Join(names, ", "),
		strings.Join(groups, ", ")), args
}

// verb is a statement's first word as some clients send it.
func (w *writer) verb(verb string) string {
	switch w.random.IntN(6) {
	case 0:
		return "/* report 7 */ " + verb + " /* from staging */"
	case 1:
		return "-- SELECT\n" + strings.ToLower(verb)
	default:
		return verb
	}
}

// insertSelect takes its time before its first row, in a function.
func (w *writer) insertSelect() (string, []any) {
	names, columns := w.named()
	group, args := w.values(w.newKey(), columns)
	query := fmt.Sprintf("%s INTO %s (%s) SELECT %s FROM DUAL WHERE slowly(%.2f) = 1", w.verb("INSERT"), w.table.name,
		strings.Join(names, ", "), group, w.delay().Seconds())
	return query, args
}

// again writes a row that is there, or that was deleted.
func (w *writer) again() (string, []any) {
	key := w.any()
	if len(w.dead) > 0 && often(w.random, 60) {
		key = pick(w.random, w.dead...)
	}
	names, columns := w.named()
	group, args := w.values(key, columns)
	list := strings.Join(names, ", ")
	if often(w.random, 50) {
		return fmt.Sprintf("%s INTO %s (%s) VALUES (%s)", w.verb("REPLACE"), w.table.name, list, group), args
	}
	query := fmt.Sprintf("%s INTO %s (%s) VALUES (%s) ON DUPLICATE KEY UPDATE v = %d", w.verb("INSERT"), w.table.name,
		list, group, w.v)
	if now := w.table.cursor.now; now != "" {
		query += ", " + w.table.cursor.column + " = " + now
	}
	return query, args
}

// only is a unique value that no row has had.
func (w *writer) only() string { return fmt.Sprintf("'%d of %d'", w.v, w.id) }

// exchange swaps the unique values of two rows.
func (w *writer) exchange() (statements []string) {
	a, b := w.table.where(w.any()), w.table.where(w.any())
	if a == b {
		return nil
	}
	set := func(value string) string {
		w.v++
		set := fmt.Sprintf("v = %d, u = %s", w.v, value)
		if now := w.table.cursor.now; now != "" {
			set += ", " + w.table.cursor.column + " = " + now
		}
		return "UPDATE " + w.table.name + " SET " + set + " WHERE "
	}
	return []string{
		"SET @a = (SELECT u FROM " + w.table.name + " WHERE " + a + ")",
		"SET @b = (SELECT u FROM " + w.table.name + " WHERE " + b + ")",
		set("NULL") + a, set("@a") + b, set("@b") + a,
	}
}

func (w *writer) update(where string) (string, []any) {
	w.v++
	sets, args := []string{fmt.Sprintf("v = %d", w.v)}, []any{}
	for _, c := range w.table.now() {
		if often(w.random, 40) {
			sets, args = append(sets, c.name+" = ?"), append(args, c.value(w.random))
		}
	}
	if now := w.table.cursor.now; now != "" {
		sets = append(sets, w.table.cursor.column+" = "+now)
	}
	return fmt.Sprintf("%s %s SET %s WHERE %s", w.verb("UPDATE"), w.table.name, strings.Join(sets, ", "), where), args
}

// named are the columns of an INSERT: all that must be, some that may be left out.
func (w *writer) named() (names []string, columns []column) {
	if w.table.key.of != nil {
		for _, c := range w.table.key.columns {
			names = append(names, c.name)
		}
	}
	names = append(names, "w", "v")
	if w.table.cursor.now != "" {
		names = append(names, w.table.cursor.column)
	}
	if w.table.unique {
		names = append(names, "u")
	}
	for _, c := range w.table.now() {
		if (c.nullable || c.defaulted) && often(w.random, 20) {
			continue
		}
		names, columns = append(names, c.name), append(columns, c)
	}
	return names, columns
}

func (w *writer) newKey() []any {
	if w.table.key.of == nil {
		return nil
	}
	w.next += w.of
	return w.table.key.of(w.next)
}

// values are a row's in the order of named, as text with question marks.
func (w *writer) values(key []any, columns []column) (string, []any) {
	w.v++
	marks := []string{}
	args := slices.Clone(key)
	for range key {
		marks = append(marks, "?")
	}
	marks = append(marks, fmt.Sprint(w.id), fmt.Sprint(w.v))
	if now := w.table.cursor.now; now != "" {
		marks = append(marks, now)
	}
	if w.table.unique {
		marks = append(marks, w.only())
	}
	for _, c := range columns {
		marks, args = append(marks, "?"), append(args, c.value(w.random))
	}
	return strings.Join(marks, ", "), args
}

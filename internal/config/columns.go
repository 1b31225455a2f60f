package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/tablehaul/tablehaul/internal/mapping/sqlexpr"
	"github.com/tablehaul/tablehaul/internal/mask"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Columns say which columns of a table travel, and as what.
type Columns struct {
	// Include are the only ones, Exclude those that stay at the source; at most one of the two is given.
	Include, Exclude []string
	// Rename has the target's names, Mask the masks, Type the target's types; Add has the expressions of columns that
	// only the target has, by their names there.
	Rename, Mask, Add, Type []ColumnSetting
}

// TargetName is a column's name on the target.
func (c Columns) TargetName(column string) string {
	for _, r := range c.Rename {
		if table.SameColumn(r.Column, column) {
			return r.Value
		}
	}
	return column
}

// ColumnSetting is a column and what is said of it.
type ColumnSetting struct{ Column, Value string }

// mappings are the keys of an entry of tables that say what its rows become.
var mappings = []field[Table]{
	textField("where", "", "an SQL condition of the source", "Only rows that meet it are read, compared and kept: a "+
		"row for which it turns false is a deleted one. It is set in parentheses. See [columns.md](columns.md).",
		checkWhere, func(t *Table) *string { return &t.Where }),
	boolField("keysDisjoint", false, "Other entries, which say the same, have the same target, and no key is in two "+
		"of the source tables. An added column with a constant, another one in each entry, tells their rows apart, "+
		"which verify and deletes need. Not together with uniqueConflicts: replace.",
		func(t *Table) *bool { return &t.KeysDisjoint }),
	{"columns", "", "", "Which columns travel, and as what: see “columns” below.", setColumns},
}

// maskKeys are the keys of masks.
var maskKeys = []field[Table]{
	{"maskKey", "", "${NAME}", "Secret of the masks hmac and dateShift, of 16 characters at least, from a variable " +
		"of the worker's environment. It is never in SQL, in staged files or in histories.", setMaskKey},
}

// columnFields are the keys under "columns".
var columnFields = []field[Columns]{
	columnsField("include", "[id, name]", "The only columns that travel. Not together with exclude.",
		func(c *Columns) *[]string { return &c.Include }),
	columnsField("exclude", "[internal_note]", "Columns that do not travel. The key and the cursor have to.",
		func(c *Columns) *[]string { return &c.Exclude }),
	columnSettings("rename", "{ cust_id: customer_id }", "Names on the target, by the source's names. Everywhere else "+
		"in this file columns have the source's names.", checkNewName,
		func(c *Columns) *[]ColumnSetting { return &c.Rename }),
	columnSettings("mask", "{ email: hmac, phone: last4 }", "What replaces a value: "+
		strings.Join(mask.Words(), ", ")+"; round takes any power of ten. hmac and dateShift "+
		"need maskKey. Key, cursor and unique columns have none.",
		checkMask, func(c *Columns) *[]ColumnSetting { return &c.Mask }),
	columnSettings("add", "{ loaded_from: \"'shop-eu'\" }", "Columns that only the target has: a constant or an SQL "+
		"expression of the source.", checkWhere, func(c *Columns) *[]ColumnSetting { return &c.Add }),
	columnSettings("type", "{ status: varchar(20) }", "Types on a target that is created, where each holds every "+
		"value of the source's.", checkType, func(c *Columns) *[]ColumnSetting { return &c.Type }),
}

func checkMask(text string) (wrong, remedy string) {
	if !mask.Known(text) {
		return "is no mask", Meant(text, mask.Words())
	}
	return "", ""
}

func checkType(text string) (wrong, remedy string) {
	if strings.TrimSpace(text) == "" {
		return "is no type", "write a type such as bigint unsigned or varchar(20)"
	}
	return "", ""
}

// setMaskKey takes a key from a variable, and none that is in the file.
func setMaskKey(d *decoder, a at, t *Table) {
	n, ok := a.node.(*ast.StringNode)
	if !ok || !wholeVariable.MatchString(n.Value) {
		d.problem(a, "write maskKey: ${NAME}, and set the variable NAME where workers run",
			"a key is not written into the file")
		return
	}
	v, ok := d.sealedScalar(a)
	if ok && len(v.text) < mask.MinKey {
		d.problem(a, fmt.Sprintf("give the variable %d random characters or more", mask.MinKey),
			"%s is too short for a key", v.shown)
	}
	t.MaskKey = Secret(v.text)
}

var wholeVariable = regexp.MustCompile(`^\$\{[^{}]+\}$`)

// checkMaskKey reports keyed masks of an entry without a key.
func (d *decoder) checkMaskKey(entry at, t Table) {
	if t.MaskKey != "" {
		return
	}
	for _, m := range t.Columns.Mask {
		if mask.Keyed(m.Value) {
			d.missing(entry, join(entry.path, "maskKey"), fmt.Sprintf("columns.mask.%s is %s, which needs a key: "+
				"write maskKey: ${NAME}", m.Column, m.Value))
			return
		}
	}
}

func setColumns(d *decoder, a at, t *Table) {
	found := decodeMapping(d, a, columnFields, map[string]string{"": writeColumns}, &t.Columns)
	c := t.Columns
	if exclude, ok := found["exclude"]; ok && len(c.Include) > 0 && len(c.Exclude) > 0 {
		d.problem(exclude, "keep one of the two", "include says already which columns travel")
	}
	seen := map[string]string{}
	for _, r := range c.Rename {
		to := table.FoldColumn(r.Value)
		if other, ok := seen[to]; ok {
			d.problem(at{join(found["rename"].path, r.Column), found["rename"].node}, "give one of them another name",
				"%s is the new name of %s already", r.Value, other)
		}
		seen[to] = r.Column
	}
}

func checkWhere(text string) (wrong, remedy string) {
	if text == "" {
		return "", ""
	}
	if p := sqlexpr.Check(text); p != nil {
		return p.Text, p.Remedy
	}
	return "", ""
}

func checkNewName(text string) (wrong, remedy string) {
	if strings.TrimSpace(text) == "" {
		return "is not a column name", "write the name that the column has on the target"
	}
	return checkColumn(text)
}

// columnsField is a list of columns' names, each once.
func columnsField[T any](key, example, doc string, to func(*T) *[]string) field[T] {
	return field[T]{key, "", example, doc, func(d *decoder, a at, into *T) {
		var names []string
		for _, place := range d.list(a, example) {
			v, ok := d.scalar(place)
			if !ok {
				continue
			}
			wrong, remedy := checkNewName(v.text)
			if wrong == "" && table.HasColumn(names, v.text) {
				wrong, remedy = "is there twice", "write it once"
			}
			if wrong != "" {
				d.problem(place, remedy, "%s %s", v.shown, wrong)
				continue
			}
			names = append(names, v.text)
		}
		*to(into) = names
	}}
}

// columnSettings is a mapping of columns' names to texts that check accepts.
func columnSettings(key, example, doc string, check func(string) (wrong, remedy string),
	to func(*Columns) *[]ColumnSetting,
) field[Columns] {
	return field[Columns]{key, "", example, doc, func(d *decoder, a at, into *Columns) {
		var list []ColumnSetting
		for _, kv := range d.pairs(a) {
			place := at{join(a.path, kv.key), kv.value}
			v, ok := scalar{text: mask.Null, shown: mask.Null}, true
			if _, null := kv.value.(*ast.NullNode); !null || key != "mask" { // YAML's null is the mask of that name
				v, ok = d.scalar(place)
			}
			if !ok {
				continue
			}
			wrong, remedy := check(v.text)
			if wrong == "" {
				wrong, remedy = checkPlace(list, kv.key)
			}
			if wrong != "" {
				d.problem(place, remedy, "%s %s", v.shown, wrong)
				continue
			}
			list = append(list, ColumnSetting{kv.key, v.text})
		}
		*to(into) = list
	}}
}

// checkPlace reports a column that is no name, or is there already in another spelling.
func checkPlace(list []ColumnSetting, column string) (wrong, remedy string) {
	for _, other := range list {
		if table.SameColumn(other.Column, column) {
			return "is for a column that is there already as " + other.Column, "keep one of the two"
		}
	}
	return checkNewName(column)
}

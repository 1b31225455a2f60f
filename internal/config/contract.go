package config

import "github.com/tablehaul/tablehaul/internal/table"

// builtinContract is what a table has that says nothing of its schema.
var builtinContract = table.Contract{
	NewColumns: table.ContractAdd, Widened: table.ContractAlter, Dropped: table.ContractKeep,
	Narrowed: table.ContractFail, MaxCopyRows: 100_000,
}

// contractFields are the keys under "schema", in defaults and in every table.
var contractFields = []field[Table]{
	wordField("newColumns", builtinContract.NewColumns,
		[]string{table.ContractAdd, table.ContractIgnore, table.ContractFail}, "A column that the source has and the "+
			"target has not. add: it is added to the target; rows that are there hold its default or NULL until "+
			"they change, or until `tablehaul backfill`. ignore: it is not read. fail: the run ends before it writes.",
		func(t *Table) *string { return &t.Schema.NewColumns }),
	wordField("widened", builtinContract.Widened, []string{table.ContractAlter, table.ContractFail}, "A column that "+
		"takes more values at the source than on the target. alter: the target's column is widened by one ALTER, "+
		"where every value that it holds stays what it is. fail: the run ends and says the ALTER.",
		func(t *Table) *string { return &t.Schema.Widened }),
	wordField(
		"dropped",
		builtinContract.Dropped,
		[]string{table.ContractKeep, table.ContractFail},
		"A column that the source had when runs wrote last, and has no more. keep: it stays on the target, and is not "+
			"written. fail: the run ends before it writes. This key does not concern columns that only the target has.",
		func(t *Table) *string { return &t.Schema.Dropped },
	),
	wordField("narrowed", builtinContract.Narrowed, []string{table.ContractFail}, "A column whose type has changed so "+
		"that values may be lost, on the target or at the source: never altered. The run ends and says what to do.",
		func(t *Table) *string { return &t.Schema.Narrowed }),
	intField("maxCopyRows", builtinContract.MaxCopyRows, 0, 1_000_000_000_000, "Rows of the target, by its server's "+
		"estimate, up to which an ALTER may copy the table (ALGORITHM=COPY), while its writers wait. 0: none. INSTANT "+
		"and INPLACE have no limit.",
		func(t *Table) *int64 { return &t.Schema.MaxCopyRows }),
}

var contractHints = map[string]string{
	"addColumns": "write newColumns: add, or newColumns: fail for addColumns: false",
	"renamed":    "a renamed column is asked for, never guessed: the run that finds one says how to answer",
}

// setSchema is the set of the key "schema".
func setSchema(d *decoder, a at, t *Table) {
	decodeMapping(d, a, contractFields, contractHints, t)
}

// schemaHint is what is said about the key that schema has replaced.
const schemaHint = "write schema: { newColumns: add, widened: alter } for true, and schema: { newColumns: fail, " +
	"widened: fail } for false"

// checkContract reports what an entry says of its structure and contradicts what it says of its columns.
func (d *decoder) checkContract(given map[string]at, t Table) {
	a, ok := given["schema"]
	if !ok {
		return
	}
	for _, kv := range d.pairs(a) {
		place := at{join(a.path, kv.key), kv.value}
		switch {
		case kv.key == "newColumns" && t.Schema.NewColumns == table.ContractAdd && len(t.Columns.Include) > 0:
			d.problem(place, "name them under columns.include, or write columns.exclude instead",
				"columns.include names the only columns that travel: no new one is added")
		case kv.key == "maxCopyRows" && t.Schema.Widened == table.ContractFail:
			d.problem(place, "write widened: alter, or leave it out", "widened is fail: nothing is ever altered")
		}
	}
}

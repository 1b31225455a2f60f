package table

// Position is where a read of a table was stopped, for whoever goes on there. It holds values
// of the table's keys, so it belongs in staging and never in a history or a log.
type Position struct {
	// Values are texts of the columns that the read goes along, in its order. The first Equal
	// of them hold exactly; the one after them, where there is one, is an exclusive bound.
	Values []string `json:"values"`
	Equal  int      `json:"equal"`
}

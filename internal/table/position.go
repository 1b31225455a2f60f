package table

// Position is where a read of a table was stopped, for the next read, which goes on there. It holds values
// of the table's keys, so it belongs in staging and never in a history or a log.
type Position struct {
	// Values are texts of the columns that the read goes along, in its order. The first Equal
	// of them hold exactly; the one after them, where there is one, is an exclusive bound.
	Values Texts `json:"values"`
	Equal  int   `json:"equal"`
	// Until is the source's clock at which a read up to now began, in the cursor's exact text;
	// empty where that is not known yet, and for other reads.
	Until string `json:"until,omitempty"`
}

package target

import (
	"fmt"

	"github.com/tablehaul/tablehaul/internal/table"
)

// checkHistory refuses a target that cannot hold several versions of a row.
func (c *comparison) checkHistory() {
	if c.source.Origin == nil {
		return
	}
	for _, index := range c.target.Indexes {
		if index.Unique && index.Name != c.target.KeyName() {
			c.addFinding(table.LevelRefuse, "", fmt.Sprintf("the target has the unique key %s: two versions of a row "+
				"cannot both be there (write: history)", index.Name), "make it a plain index, or let the run create "+
				"another target").Topic = table.TopicKey
		}
	}
}

package target

import (
	"fmt"

	"github.com/tablehaul/tablehaul/internal/table"
)

// checkWiderKey refuses a target that cannot hold several rows for one of the source.
func (c *comparison) checkWiderKey() {
	if c.source.Origin == nil {
		return
	}
	for _, index := range c.target.Indexes {
		if index.Unique && index.Name != c.target.KeyName() {
			c.addFinding(table.LevelRefuse, "", fmt.Sprintf("the target has the unique key %s: two versions of a row "+
				"(write: history), or rows of two sources (an added column in key), cannot both be there", index.Name),
				"make it a plain index, or let the run create another target").Topic = table.TopicKey
		}
	}
}

package activities

import (
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/table"
)

// comparedDepth is how deep a comparison of the given depth looks at rows. A target that is appended to keeps the first
// version of each row, so that only keys are the same on both sides.
func (s Settings) comparedDepth(depth string) string {
	if s.Write == table.WriteAppend {
		return api.DepthKeys
	}
	return depth
}

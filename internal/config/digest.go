package config

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/table"
)

// digestLength is the number of hexadecimal digits of a digest.
const digestLength = 12

// Digest is equal for two configurations that give a table the same settings. The command line compares its
// own with that of a worker. What only schedules use does not count, because a worker does not use them.
func (c *Config) Digest(n table.Name) (string, error) {
	t, err := c.Table(n)
	if err != nil {
		return "", err
	}
	t.Schedule, t.ScheduleJitter, t.SchedulePaused, t.ScheduleFamily = Schedule{}, 0, false, ""
	t.Verify.Every, t.Verify.Depth = Schedule{}, ""
	text, err := json.Marshal(struct {
		Table
		Compression string
	}{t, c.Staging.Compression})
	if err != nil {
		return "", fmt.Errorf("digest of the settings of %s: %w", n, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:digestLength], nil
}

package config

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/tablehaul/tablehaul/internal/table"
)

// digestLength is the number of hexadecimal digits of a digest.
const digestLength = 12

// Digest is equal for two configurations that give a table the same settings. The command line compares its
// own with that of a worker. What only schedules use does not count, because a worker does not use them. Where the
// command line does not read variables, they count as the file has them, in a worker as well: see WithoutSecrets.
func (c *Config) Digest(n table.Name) (string, error) {
	c = cmp.Or(c.sealed, c)
	t, err := c.Table(n)
	if err != nil {
		return "", err
	}
	t.Schedule, t.ScheduleJitter, t.SchedulePaused, t.ScheduleFamily = Schedule{}, 0, false, ""
	t.Verify.Every, t.Verify.Depth = Schedule{}, ""
	text, err := json.Marshal(struct {
		Table
		// MaskKey is the name of the variable.
		MaskKey     string
		Compression string
	}{t, t.MaskKey.Reveal(), c.Staging.Compression})
	if err != nil {
		return "", fmt.Errorf("digest of the settings of %s: %w", n, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])[:digestLength], nil
}

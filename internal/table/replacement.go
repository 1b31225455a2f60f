package table

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// Prefixes of the tables that stand beside a target which is replaced. Names that begin with them are Tablehaul's.
const (
	loadPrefix = "tablehaul_new_"
	oldPrefix  = "tablehaul_old_"
)

const (
	// longestFileName bounds the characters of a name as the server's file system has it, where each character that is
	// no ASCII letter, digit or underscore takes five. Partitions add their own names behind it.
	longestFileName = 150
	// hashedName is how many characters of a name stay in front of its hash.
	hashedName = 24
	hashDigits = 16
)

// Replacement are the tables of a target that is replaced as a whole.
type Replacement struct {
	Target Name `json:"target"`
	// Load is the table that is loaded and then takes the target's name; Old is the one that had it before.
	Load Name `json:"load"`
	Old  Name `json:"kept"`
}

// ReplacementOf names the tables beside a target. The names follow from the target's alone; one that would be too long
// is cut, and has its hash behind it.
func ReplacementOf(target Name) Replacement {
	short := target.Table
	runes := []rune(short)
	if len(runes)+len(loadPrefix) > longestName || fileNameLength(runes) > longestFileName {
		sum := sha256.Sum256([]byte(short))
		short = string(runes[:min(len(runes), hashedName)]) + "_" + hex.EncodeToString(sum[:])[:hashDigits]
	}
	return Replacement{
		Target: target, Load: Name{Schema: target.Schema, Table: loadPrefix + short},
		Old: Name{Schema: target.Schema, Table: oldPrefix + short},
	}
}

// fileNameLength is how many characters a name has in the file system.
func fileNameLength(name []rune) (n int) {
	for _, r := range name {
		if n++; r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			n += 4
		}
	}
	return n
}

// isReplacement reports whether a name is that of a table beside a target which is replaced.
func isReplacement(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, loadPrefix) || strings.HasPrefix(name, oldPrefix)
}

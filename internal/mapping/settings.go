package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

// Settings say what a table's rows become. They hold no secret, and are safe to stage. All columns are named as the
// source names them, but for the names that Rename and Add give.
type Settings struct {
	// Where is an SQL condition of the source: only rows that meet it travel; empty for every row.
	Where string `json:"where,omitempty"`
	// Include are the only columns that travel, Exclude those that do not; at most one of the two is set.
	Include []string `json:"include,omitempty"`
	Exclude []string `json:"exclude,omitempty"`
	// Rename has the target's name of each column that gets another one.
	Rename []Pair `json:"rename,omitempty"`
	// Mask has the masks of columns; see package mask. KeyFingerprint is that of the key of keyed ones, empty without
	// one.
	Mask           []Pair `json:"mask,omitempty"`
	KeyFingerprint string `json:"keyFingerprint,omitempty"`
	// Add has the SQL expressions of columns that the target has beside the source's, by their names there.
	Add []Pair `json:"add,omitempty"`
	// Type has the types of columns on the target.
	Type []Pair `json:"type,omitempty"`
	// Key are the columns of the target's key where an added one is among them, by the names of the source and of Add;
	// else it is empty. The values of such columns are literals.
	Key []string `json:"key,omitempty"`
	// Added is what the source says of each of Add, in the same order: not a setting, but found by a plan.
	Added []Added `json:"added,omitempty"`
}

// Added is a column that the source does not have.
type Added struct {
	Column table.Column `json:"column"`
	// Constant is the value where it is the same for every row, and not NULL.
	Constant *string `json:"constant,omitempty"`
}

// Pair is a column and what the settings say of it.
type Pair struct {
	Column string `json:"column"`
	Value  string `json:"value"`
}

// IsZero reports whether every row and every column travels as it is.
func (s *Settings) IsZero() bool {
	return s == nil || s.Where == "" && len(s.Include)+len(s.Exclude)+len(s.Rename)+len(s.Mask)+len(s.Add)+
		len(s.Type) == 0
}

// Digest is equal for two settings that make the same of every row, and empty for those that change nothing. Order
// does not count, nor does the letter case of columns' names.
func (s *Settings) Digest() string {
	if s.IsZero() {
		return ""
	}
	same := *s
	same.Include, same.Exclude = foldNames(s.Include), foldNames(s.Exclude)
	same.Rename, same.Mask, same.Add, same.Type = foldPairs(s.Rename), foldPairs(s.Mask), foldPairs(s.Add),
		foldPairs(s.Type)
	if len(s.Key) > 0 {
		same.Key = foldNames(s.Key)
	}
	same.Added = nil
	text, err := json.Marshal(same)
	if err != nil {
		return "" // texts always encode
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

func foldNames(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = table.FoldColumn(n)
	}
	slices.Sort(out)
	return out
}

func foldPairs(pairs []Pair) []Pair {
	out := slices.Clone(pairs)
	for i := range out {
		out[i].Column = table.FoldColumn(out[i].Column)
	}
	slices.SortFunc(out, func(a, b Pair) int { return strings.Compare(a.Column, b.Column) })
	return out
}

// valueOf is what pairs say of a column.
func valueOf(pairs []Pair, column string) (string, bool) {
	for _, p := range pairs {
		if table.SameColumn(p.Column, column) {
			return p.Value, true
		}
	}
	return "", false
}

// TargetName is the target's name of a column of the source.
func (s *Settings) TargetName(column string) string {
	if s == nil {
		return column
	}
	if name, ok := valueOf(s.Rename, column); ok {
		return name
	}
	return column
}

// AddedKey are the columns of the target's key that the source does not have.
func (s *Settings) AddedKey() (out []string) {
	if s == nil {
		return nil
	}
	for _, name := range s.Key {
		if _, added := valueOf(s.Add, name); added {
			out = append(out, name)
		}
	}
	return out
}

// TargetKey are the columns of the target's key, by their names there, where it is not the source's; else nil.
func (s *Settings) TargetKey() (out []string) {
	if s == nil {
		return nil
	}
	for _, name := range s.Key {
		if _, added := valueOf(s.Add, name); !added {
			name = s.TargetName(name)
		}
		out = append(out, name)
	}
	return out
}

// travels reports whether a column of the source is carried.
func (s *Settings) travels(column string) bool {
	if len(s.Include) > 0 {
		return table.HasColumn(s.Include, column)
	}
	return !table.HasColumn(s.Exclude, column)
}

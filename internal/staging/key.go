package staging

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// MaxKey bounds a key in bytes. S3 takes 1,024, of which a store's prefix may use the rest;
	// the longest key that the builders below make has about 550.
	MaxKey = 768
	// maxSegment is the limit of file systems for one name.
	maxSegment = 255
	// slugBytes is how much of a long or odd name stays readable in a segment. With the hash
	// it stays far below maxSegment.
	slugBytes = 80
)

// CheckKey accepts slash-separated segments of letters, digits and "._~-" that do not begin
// with a dot: nothing that a file system, a URL or a shell reads in a way of its own.
func CheckKey(key string) error {
	if len(key) > MaxKey {
		return fmt.Errorf("%w: %d bytes", ErrKey, len(key))
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment[0] == '.' || len(segment) > maxSegment ||
			strings.ContainsFunc(segment, unsafeRune) {
			return fmt.Errorf("%w: %q", ErrKey, key)
		}
	}
	return nil
}

func unsafeRune(r rune) bool {
	return !(plainRune(r) || r >= 'A' && r <= 'Z' || r == '.' || r == '~')
}

func plainRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' || r == '-'
}

// segment makes any text a path segment, and different texts different segments, also where a file system ignores case.
// Plain texts stay as they are; others keep what is plain of them and get a hash, behind a "~" that no plain text has.
func segment(text string) string {
	odd := func(r rune) bool { return !plainRune(r) && r != '.' }
	if text != "" && text[0] != '.' && len(text) <= 2*slugBytes && !strings.ContainsFunc(text, odd) {
		return text
	}
	slug := strings.Map(func(r rune) rune {
		if odd(r) {
			return '_'
		}
		return r
	}, strings.ToLower(text))
	slug = strings.TrimLeft(slug[:min(len(slug), slugBytes)], ".")
	hash := sha256.Sum256([]byte(text))
	return slug + "~" + hex.EncodeToString(hash[:16])
}

// TablePrefix is what all keys of a table begin with.
func TablePrefix(name table.Name) string { return segment(name.String()) + "/" }

// RunPrefix is what all keys of one run of a table begin with.
func RunPrefix(name table.Name, run string) string { return TablePrefix(name) + segment(run) + "/" }

// RangePrefix is what all keys of one range of a run begin with; rangeIndex counts from 0.
func RangePrefix(name table.Name, run string, rangeIndex int) string {
	return fmt.Sprintf("%s%05d/", RunPrefix(name, run), rangeIndex)
}

// SlicePrefix is what all keys of one slice of a range begin with; slice counts from 0, and the
// first, which most ranges have alone, is in the range's own folder.
func SlicePrefix(name table.Name, run string, rangeIndex, slice int) string {
	prefix := RangePrefix(name, run, rangeIndex)
	if slice == 0 {
		return prefix
	}
	return fmt.Sprintf("%s%05d/", prefix, slice)
}

// PartKey is the key of a staged file: part counts from 0, and attempt is different for each
// attempt at extracting the slice, so that no two attempts ever write the same key.
func PartKey(name table.Name, run string, rangeIndex, slice, part int, attempt string) string {
	return fmt.Sprintf("%spart-%05d-%s.parquet", SlicePrefix(name, run, rangeIndex, slice), part, segment(attempt))
}

// ManifestKey is the key of the manifest of a slice of a range.
func ManifestKey(name table.Name, run string, rangeIndex, slice int) string {
	return SlicePrefix(name, run, rangeIndex, slice) + "manifest.json"
}

// PlanKey is the key of a run's plan, which holds what must not be in a history.
func PlanKey(name table.Name, run string) string { return RunPrefix(name, run) + "plan.json" }

// checkKey is the key that Check writes; no table's prefix is without a dot or a "~".
func checkKey(id string) string { return "worker-check/" + segment(id) + "/check.json" }

var ownName = regexp.MustCompile(`^(part-\d{5,}-[a-z0-9._~-]+\.parquet|manifest\.json|plan\.json|check\.json)$`)

// Ours reports whether a key is one that the builders above make. Sweeping spares the rest.
func Ours(key string) bool {
	return CheckKey(key) == nil && strings.Count(key, "/") >= 2 && ownName.MatchString(path.Base(key))
}

package target

import (
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// charsetBytes are the most bytes a character takes, for the sets whose texts travel as UTF-8.
var charsetBytes = map[string]uint64{
	"ascii": 1, "latin1": 1, "utf8mb4": 4, "utf8mb3": 3, "utf8": 3, "ucs2": 2, "utf16": 4, "utf16le": 4, "utf32": 4,
}

// holders are the character sets that have every character of the one before the colon.
var holders = map[string][]string{
	"ascii":   {"ascii", "latin1", "utf8mb3", "utf8", "ucs2", "utf8mb4", "utf16", "utf16le", "utf32"},
	"latin1":  {"latin1", "utf8mb3", "utf8", "ucs2", "utf8mb4", "utf16", "utf16le", "utf32"},
	"utf8mb3": {"utf8mb3", "utf8", "ucs2", "utf8mb4", "utf16", "utf16le", "utf32"},
	"utf8":    {"utf8mb3", "utf8", "ucs2", "utf8mb4", "utf16", "utf16le", "utf32"},
	"ucs2":    {"utf8mb3", "utf8", "ucs2", "utf8mb4", "utf16", "utf16le", "utf32"},
	"utf8mb4": {"utf8mb4", "utf16", "utf16le", "utf32"},
	"utf16":   {"utf8mb4", "utf16", "utf16le", "utf32"},
	"utf16le": {"utf8mb4", "utf16", "utf16le", "utf32"},
	"utf32":   {"utf8mb4", "utf16", "utf16le", "utf32"},
}

// misfitString is misfit for texts, and for the types that a target may keep as texts.
func misfitString(from, to *schema.Column) string {
	if to.Kind == from.Kind && from.Kind != table.KindString {
		if from.Kind == table.KindInet && !strings.EqualFold(from.Type, to.Type) {
			return otherKind
		}
		return ""
	}
	if to.Kind != table.KindString {
		return otherKind
	}
	switch from.Kind {
	case table.KindUUID:
		return fits(to, 36, 36)
	case table.KindInet:
		if strings.EqualFold(from.Type, "inet4") {
			return fits(to, 15, 15)
		}
		return fits(to, 45, 45)
	case table.KindJSON:
		if !slices.Contains(holders["utf8mb4"], to.Charset) {
			return "its character set does not have every character"
		}
		return fits(to, 1<<32-1, 1<<32-1)
	default:
	}
	switch {
	case from.Charset == to.Charset || slices.Contains(holders[from.Charset], to.Charset):
	case from.RawCharset:
		return "a trip between these character sets does not keep every character"
	default:
		return "its character set does not have every character"
	}
	if isChar(to) && !isChar(from) {
		return "a CHAR loses trailing spaces"
	}
	if isText(from) && isText(to) && to.Length >= from.Length {
		return "" // characters that take more bytes there are an error of their own, not a loss
	}
	chars, size := extent(from, to)
	return fits(to, chars, size)
}

func isChar(c *schema.Column) bool { return strings.HasPrefix(strings.ToLower(c.Type), "char") }

// isText reports the types whose Length counts bytes, not characters.
func isText(c *schema.Column) bool {
	// MariaDB's COMPRESSED follows it, as a comment.
	return strings.HasSuffix(strings.ToLower(typeComment.ReplaceAllString(c.Type, "")), "text")
}

// extent is the most characters, and the most bytes in the target's character set, that a value of from can have.
func extent(from, to *schema.Column) (chars, size uint64) {
	perChar := charsetBytes[to.Charset]
	if perChar == 0 {
		perChar = 4
	}
	return from.Length, from.Length * perChar
}

// fits says why to cannot hold so many characters or bytes, or "".
func fits(to *schema.Column, chars, size uint64) string {
	room := chars
	if isText(to) {
		// LONGTEXT holds any text that fits into a packet.
		if room = size; to.Length >= 1<<32-1 {
			return ""
		}
	}
	if to.Length < room {
		return "long values do not fit"
	}
	return ""
}

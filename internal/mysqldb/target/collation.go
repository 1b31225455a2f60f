package target

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// collations are those that a server has, by character set and full name.
type collations map[string]map[string]bool

// readCollations lists what the server has. MariaDB ≥ 10.10 keeps names that fit several
// character sets in a column of their own.
func readCollations(ctx context.Context, db *mysqldb.DB) (_ collations, err error) {
	name := "COLLATION_NAME"
	if db.Server.Flavor == mysqldb.FlavorMariaDB && db.Server.AtLeast(10, 10, 1) {
		name = "FULL_COLLATION_NAME"
	}
	rows, err := db.QueryContext(ctx, "SELECT CHARACTER_SET_NAME, "+name+
		" FROM information_schema.COLLATION_CHARACTER_SET_APPLICABILITY")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	out := collations{}
	for rows.Next() {
		var charset, collation sql.NullString
		if err := rows.Scan(&charset, &collation); err != nil {
			return nil, err
		}
		if out[charset.String] == nil {
			out[charset.String] = map[string]bool{}
		}
		out[charset.String][collation.String] = true
	}
	return out, rows.Err()
}

// translated is a character set and a collation as a target server spells them.
type translated struct {
	charset, collation string
	// changed says that they are not the source's own, however spelled.
	changed bool
}

// errNoCharset is returned where a character set's bytes would have no home on the target.
var errNoCharset = errors.New("the target server does not have this character set")

// translate finds the target's name for a column's collation, or the nearest one it has. For columns of a primary or
// unique key the nearest is not good enough: two keys that differ on the source could be one on the target, so there it
// is one that never takes two different strings for equal.
func (have collations) translate(charset, collation string, key, raw bool) (translated, error) {
	for _, spelled := range spellings(charset, collation) {
		if have[spelled.charset][spelled.collation] {
			return spelled, nil
		}
	}
	to := charset
	for _, spelled := range spellings(charset, collation) {
		if have[spelled.charset] != nil {
			to = spelled.charset
		}
	}
	if have[to] == nil {
		if raw {
			return translated{}, errNoCharset
		}
		to = "utf8mb4"
	}
	if key {
		return have.exact(to, raw), nil
	}
	for _, candidate := range nearest(to, collation) {
		if have[to][candidate] {
			return translated{to, candidate, true}, nil
		}
	}
	return translated{to, to + "_bin", true}, nil
}

// exact is a collation under which only identical strings are equal. A character set that
// has none gives way to utf8mb4, unless its bytes must stay as they are.
func (have collations) exact(charset string, raw bool) translated {
	for _, cs := range []string{charset, "utf8mb4"} {
		for _, suffix := range []string{"_nopad_bin", "_0900_bin"} {
			if have[cs][cs+suffix] {
				return translated{cs, cs + suffix, true}
			}
		}
		if raw {
			break
		}
	}
	return translated{charset, charset + "_bin", true}
}

// spellings are the names that servers have used for the same thing: utf8 became utf8mb3.
func spellings(charset, collation string) []translated {
	out := []translated{{charset, collation, false}}
	rest, found := strings.CutPrefix(collation, charset+"_")
	if !found {
		return out
	}
	switch charset {
	case "utf8mb3":
		out = append(out, translated{"utf8", "utf8_" + rest, false})
	case "utf8":
		out = append(out, translated{"utf8mb3", "utf8mb3_" + rest, false})
	}
	return out
}

// nearest are replacements for a collation, nearest first: the same rules by another name,
// then an older version of the rules, with and without ignoring trailing spaces.
func nearest(charset, collation string) []string {
	pad := []string{"", "nopad_"}
	if isNoPad(collation) {
		pad = []string{"nopad_", ""}
	}
	var out []string
	add := func(names ...string) {
		for _, n := range names {
			out = append(out, charset+"_"+n)
		}
	}
	sensitivity := sensitivityOf(collation)
	if sensitivity == "bin" {
		for _, p := range pad {
			add(p + "bin")
		}
		add("0900_bin", "bin")
		return out
	}
	for _, p := range pad {
		add("uca1400_" + p + sensitivity)
	}
	add("0900_" + sensitivity)
	if sensitivity != "ai_ci" {
		return out // older collations compare codes
	}
	for _, p := range pad {
		add("unicode_520_" + p + "ci")
	}
	for _, p := range pad {
		add("unicode_"+p+"ci", "general_"+p+"ci")
	}
	return out
}

// sensitivityOf is what a collation distinguishes: "ai_ci", "as_ci", "as_cs", "ai_cs" or "bin".
func sensitivityOf(collation string) string {
	for _, s := range []string{"ai_ci", "as_ci", "as_cs", "ai_cs"} {
		if strings.HasSuffix(collation, "_"+s) || strings.Contains(collation, "_"+s+"_") {
			return s
		}
	}
	switch {
	case collation == "binary", strings.HasSuffix(collation, "_bin"):
		return "bin"
	case strings.HasSuffix(collation, "_cs"):
		return "as_cs"
	}
	return "ai_ci"
}

// isNoPad reports whether trailing spaces count when strings are compared.
func isNoPad(collation string) bool {
	return collation == "binary" || strings.Contains(collation, "_nopad_") || strings.Contains(collation, "_0900_")
}

// sameCollation compares two collations by meaning: utf8 is utf8mb3.
func sameCollation(a, b string) bool {
	unify := func(s string) string {
		if rest, ok := strings.CutPrefix(s, "utf8_"); ok {
			return "utf8mb3_" + rest
		}
		return s
	}
	return unify(a) == unify(b)
}

package layout

import (
	"regexp"
	"strings"
)

// glob matches keys. A segment's first dot or underscore has to be in the pattern, so that * finds no temporary files.
type glob struct {
	pattern *regexp.Regexp
	// prefix begins every key that matches.
	prefix string
}

const special = `*?[{\`

// parseGlob reads a pattern: * and ? within a segment, [a-z] and [!a-z], {a,b}, \ before what is meant as it is, and **
// as a whole segment for any number of folders.
func parseGlob(pattern string) (glob, error) {
	if pattern == "" || strings.HasPrefix(pattern, "/") {
		return glob{}, refuse("match: %q: write a pattern relative to the url, such as orders/*.parquet", pattern)
	}
	var b strings.Builder
	b.WriteString("^")
	segments := strings.Split(pattern, "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		switch {
		case segment == "**" && last:
			b.WriteString(`(?:[^/._][^/]*/)*[^/._][^/]*`)
		case segment == "**":
			b.WriteString(`(?:[^/._][^/]*/)*`)
		default:
			text, err := segmentPattern(segment)
			if err != nil {
				return glob{}, err
			}
			b.WriteString(text)
			if !last {
				b.WriteString("/")
			}
		}
	}
	re, err := regexp.Compile(b.String() + "$")
	if err != nil {
		return glob{}, refuse("match: %q is no pattern", pattern)
	}
	prefix := pattern
	if i := strings.IndexAny(pattern, special); i >= 0 {
		prefix = pattern[:i]
	}
	return glob{pattern: re, prefix: prefix}, nil
}

// segmentPattern is the regular expression of what a pattern without slashes matches.
func segmentPattern(segment string) (string, error) {
	var b strings.Builder
	depth := 0
	for i := 0; i < len(segment); i++ {
		first := i == 0
		switch c := segment[i]; {
		case c == '*' && first:
			b.WriteString(`(?:[^/._][^/]*)?`)
		case c == '*':
			b.WriteString(`[^/]*`)
		case c == '?' && first:
			b.WriteString(`[^/._]`)
		case c == '?':
			b.WriteString(`[^/]`)
		case c == '[':
			end := strings.IndexByte(segment[i:], ']')
			if end < 2 {
				return "", refuse("match: %q: [ without ]", segment)
			}
			class := segment[i+1 : i+end]
			class = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `^`, `\^`).Replace(class)
			if strings.HasPrefix(class, "!") {
				class = "^/" + class[1:]
			}
			b.WriteString("[" + class + "]")
			i += end
		case c == '{':
			depth++
			b.WriteString("(?:")
		case c == '}' && depth > 0:
			depth--
			b.WriteString(")")
		case c == ',' && depth > 0:
			b.WriteString("|")
		case c == '\\' && i+1 < len(segment):
			i++
			b.WriteString(regexp.QuoteMeta(segment[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(segment[i : i+1]))
		}
	}
	if depth != 0 {
		return "", refuse("match: %q: { without }", segment)
	}
	return b.String(), nil
}

func (g glob) match(key string) bool { return g.pattern.MatchString(key) }

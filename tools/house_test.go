package tools_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// notYet are folders and files that are not held to these rules yet. The list only shrinks.
var notYet = []string{}

// maxLine is the length of a line of code or prose. A tab counts as four characters.
const maxLine = 120

// A rule is a word that is not used in names, comments, messages and docs.
type rule struct {
	// stem is in all that words matches, in small letters: a file without it needs no pattern.
	stem string
	// words is a pattern that ignores case.
	words *regexp.Regexp
	// instead is what to write.
	instead string
}

func words(stem, pattern, instead string) rule {
	return rule{stem, regexp.MustCompile(`(?i)` + pattern), instead}
}

// prose are words of all texts: plain ones take their place, or the names that docs/glossary.md has.
var prose = []rule{
	words("nobody", `\bnobody\b`, "name who does not"),
	words("somebody", `\bsomebody\b`, "name who does"),
	words("whoever", `\bwhoever\b`, "name who does"),
	words("whatever", `\bwhatever\b`, "any, or name what"),
	words("anew", `\banew\b`, "again"),
	words("given up", `\bgiven up\b`, "stopped, ended, failed"),
	words("told", `\b(is|are|was|were|be|been) told\b`, "name who says it, and to whom"),
	words("stands", `\bstands\b`, "is"),
	words("lookout", `\blookouts?\b`, "cache of open transactions"),
	words("crowd", `\bcrowd`, "other traffic"),
	words("horizon", `\bhorizons?\b`, "upper bound"),
	words("neighbour", `\bneighbours?\b`, "other clients, or adjacent rows"),
	words("fencedoff", `\bFencedOff\b`, "LeaseLost"),
	words("sourceheld", `\bSourceHeld\b`, "OpenTransactions"),
	words("notnotified", `\bNotNotified\b`, "NotifyFailed"),
	words("tablehaullag", `\bTablehaulLag\b`, "TablehaulLagSeconds"),
	words("failed_runs_in_a_row", `\bfailed_runs_in_a_row\b`, "consecutive_failed_runs"),
	words("is at it", `\bis at it\b`, "already synced by"),
}

// allowed are phrases in which such a word has its own meaning.
var allowed = regexp.MustCompile(`(?i)\bstands (for|on)\b|["'](CONCAT\(')?nobody\b|\b(as|of|is) nobody\b`)

// identifiers are names that Go code declares no more, and what they have become.
var identifiers = map[string]string{
	"Marks": "Samples", "HiSpec": "UpperBoundSpec", "Horizon": "UpperBound", "ChooseHi": "ChooseUpperBound", "HeldBy": "BlockedBy",
	"forEver": "startUnknown", "zoned": "withTimeZone", "intoUnit": "truncationLag",
	"Gate": "Limiter", "felt": "OnLatency", "meet": "OnOtherTraffic", "judge": "adjust", "admit": "wakeWaiters",
	"AtOnce": "Limit", "atOnce": "limit", "Pace": "ChunkSizer", "fewestRows": "minRows",
	"dive": "seek", "alphabet": "collationOrder", "lessons": "queriesLeft", "letters": "representatives",
	"guesser": "midpointFunc", "doubtful": "mayHaveTimedOut", "considerately": "readSerialized",
	"byInsert": "methodInsert", "byLoad": "methodLoad", "byOverwrite": "methodReplace",
	"blame": "identifyRow", "tryAlone": "trySingleRow", "Yielded": "SkippedConflicts", "Replaced": "DeletedConflicts",
	"keepConn": "connFate", "AskHost": "PingHost", "mover": "rangeRunner", "lookAhead": "prefetch",
	"greet": "probeConnections", "fitVersion": "checkServerVersion", "fitClock": "checkClockSkew", "told": "notified",
}

// texts are the files of the repository that people write: code, docs, configuration, scripts.
func texts(t *testing.T) []string {
	t.Helper()
	skipped := []string{
		".git", "bin", "testdata", "CHANGELOG.md", "house_test.go", "constraints.txt",
		"shop.sql",
	} // a server reads that one a statement a line
	kinds := []string{".go", ".md", ".yaml", ".yml", ".sh", ".sql", ".py"}
	var files []string
	require.NoError(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case slices.Contains(skipped, d.Name()) && d.IsDir():
			return filepath.SkipDir
		case slices.Contains(skipped, d.Name()) || d.IsDir():
			return nil
		case slices.Contains(kinds, filepath.Ext(path)) || d.Name() == "Makefile" || d.Name() == "Dockerfile":
			files = append(files, path)
		}
		return nil
	}))
	require.Greater(t, len(files), 300)
	return slices.DeleteFunc(files, func(path string) bool {
		return slices.ContainsFunc(notYet, func(p string) bool { return strings.HasPrefix(path, "../"+p) })
	})
}

func TestNoTextUsesAWordThatWasReplaced(t *testing.T) {
	for _, path := range texts(t) {
		all := lines(t, path)
		text := strings.ToLower(strings.Join(all, "\n"))
		rules := slices.DeleteFunc(slices.Clone(prose), func(r rule) bool { return !strings.Contains(text, r.stem) })
		if len(rules) == 0 {
			continue
		}
		for i, line := range all {
			line = allowed.ReplaceAllString(line, "")
			for _, r := range rules {
				if word := r.words.FindString(line); word != "" {
					t.Errorf("%s:%d: %q; write: %s", path[3:], i+1, word, r.instead)
				}
			}
		}
	}
}

func TestNoDeclarationUsesANameThatWasReplaced(t *testing.T) {
	for _, path := range texts(t) {
		if filepath.Ext(path) != ".go" {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			for _, name := range declared(n) {
				if instead, bad := identifiers[name.Name]; bad {
					t.Errorf("%s: %s; write %s", fset.Position(name.Pos()).String()[3:], name.Name, instead)
				}
			}
			return true
		})
	}
}

// declared are the names that a node declares.
func declared(n ast.Node) []*ast.Ident {
	switch n := n.(type) {
	case *ast.FuncDecl:
		return []*ast.Ident{n.Name}
	case *ast.TypeSpec:
		return []*ast.Ident{n.Name}
	case *ast.ValueSpec:
		return n.Names
	case *ast.Field:
		return n.Names
	case *ast.AssignStmt:
		var names []*ast.Ident
		for _, e := range n.Lhs {
			if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
				names = append(names, id)
			}
		}
		return names
	}
	return nil
}

func TestLinesAreShort(t *testing.T) {
	for _, path := range texts(t) {
		if ext := filepath.Ext(path); ext == ".yaml" || ext == ".yml" || generated.MatchString(path) {
			continue
		}
		raw := rawLines(t, path)
		fence, output := false, false // output is a fence of Markdown that holds no commands: what a program prints
		for i, line := range lines(t, path) {
			if filepath.Ext(path) == ".md" && strings.HasPrefix(strings.TrimSpace(line), "```") {
				fence = !fence
				output = fence && !commands.MatchString(line)
			}
			n := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    "))
			if n > maxLine && !output && !raw[i+1] && !mayBeLong(path, line) {
				t.Errorf("%s:%d: %d characters; write at most %d", path[3:], i+1, n, maxLine)
			}
		}
	}
}

// A table of Markdown whose lines were joined as those of a paragraph is shown as one.
func TestTablesOfMarkdownAreTables(t *testing.T) {
	for _, path := range texts(t) {
		if filepath.Ext(path) != ".md" {
			continue
		}
		fence, before := false, ""
		all := lines(t, path)
		for i, line := range all {
			if strings.HasPrefix(strings.TrimSpace(line), "```") {
				fence = !fence
			}
			row, first := strings.HasPrefix(line, "|"), !strings.HasPrefix(before, "|")
			if !fence && row && first && (i+1 == len(all) || !divider.MatchString(all[i+1])) {
				t.Errorf("%s:%d: a table begins with its heads and a line of |---|", path[3:], i+1)
			}
			before = line
		}
	}
}

var (
	// divider is the second line of a table.
	divider  = regexp.MustCompile(`^\|( *:?-+:? *\|)+$`)
	commands = regexp.MustCompile("```(sh|sql|yaml|go)\\b")
	// generated pages have a line for each item.
	generated = regexp.MustCompile(`docs/benchmarks(-peers|-peers-mariadb|-verify|-files|-large|-many)?\.md$`)
)

// mayBeLong reports rows of a table of Markdown, and lines that an address makes long.
func mayBeLong(path, line string) bool {
	table := filepath.Ext(path) == ".md" && strings.HasPrefix(strings.TrimSpace(line), "|")
	return table || strings.Contains(line, "://")
}

// rawLines are the lines of Go code with a raw string, which cannot be broken without changing it.
func rawLines(t *testing.T, path string) map[int]bool {
	t.Helper()
	if filepath.Ext(path) != ".go" {
		return nil
	}
	fset, raw := token.NewFileSet(), map[int]bool{}
	file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && strings.HasPrefix(lit.Value, "`") {
			for line := fset.Position(lit.Pos()).Line; line <= fset.Position(lit.End()).Line; line++ {
				raw[line] = true
			}
		}
		return true
	})
	return raw
}

var (
	linkTarget = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading    = regexp.MustCompile(`(?m)^#+ (.+)$|<a id="([^"]+)">`)
	notInSlug  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	aPath      = regexp.MustCompile(
		"`((?:internal|activities|workflows|integration|starter|worker|tools|docs)/[\\w./-]*)`",
	)
)

// Links of Markdown lead to files and headings that exist, and CONTRIBUTING.md names paths that exist.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, path := range texts(t) {
		if filepath.Ext(path) != ".md" {
			continue
		}
		text := strings.Join(lines(t, path), "\n")
		for _, m := range linkTarget.FindAllStringSubmatch(text, -1) {
			if !strings.Contains(m[1], "://") && !leads(path, m[1]) {
				t.Errorf("%s: the link %s leads nowhere", path[3:], m[1])
			}
		}
		for _, m := range aPath.FindAllStringSubmatch(text, -1) {
			if _, err := os.Stat(filepath.Join("..", m[1])); err != nil && filepath.Base(path) == "CONTRIBUTING.md" {
				t.Errorf("%s names %s, which does not exist", path[3:], m[1])
			}
		}
	}
}

// leads reports whether a link of a page has a file, and a heading where it names one.
func leads(page, to string) bool {
	path, anchor, _ := strings.Cut(to, "#")
	file := page
	if path != "" {
		file = filepath.Join(filepath.Dir(page), path)
	}
	info, err := os.Stat(file)
	if err != nil || anchor == "" {
		return err == nil
	}
	text, err := os.ReadFile(file)
	if err != nil || info.IsDir() {
		return false
	}
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		slug := strings.ReplaceAll(notInSlug.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")
		if slug == anchor || m[2] == anchor {
			return true
		}
	}
	return false
}

func lines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

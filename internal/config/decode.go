package config

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// decoder walks the file's syntax tree and collects problems instead of stopping at the first.
type decoder struct {
	getenv func(string) string
	// expanded are the values of texts with variables.
	expanded map[string]string
	// sealed leaves variables of what only workers open as they are written; see WithoutSecrets.
	sealed bool
	// mode are the permissions of the file; 0 where it is none.
	mode     fs.FileMode
	problems []Problem
	warnings []Problem
	// secrets are the places that hold a secret themselves, and not the name of a variable or a file.
	secrets []at
}

// at is a place in the file: a key path, and the node found there.
type at struct {
	path string
	node ast.Node
}

func (a at) line() int {
	if a.node == nil || a.node.GetToken() == nil || a.node.GetToken().Position == nil {
		return 0
	}
	return a.node.GetToken().Position.Line
}

func (d *decoder) problem(a at, remedy, format string, args ...any) {
	d.problems = append(d.problems, Problem{
		Path: a.path, Line: a.line(), Text: fmt.Sprintf(format, args...), Remedy: remedy,
	})
}

// warn is problem for what a program can be used with.
func (d *decoder) warn(a at, remedy, format string, args ...any) {
	d.warnings = append(d.warnings, Problem{
		Path: a.path, Line: a.line(), Text: fmt.Sprintf(format, args...), Remedy: remedy,
	})
}

// missing is problem for what is not there, unless its place has been reported as something that could not hold it.
func (d *decoder) missing(parent at, path, remedy string) {
	for _, p := range d.problems {
		if p.Path == path || p.Path == parent.path && p.Line == parent.line() {
			return
		}
	}
	d.problem(at{path, parent.node}, remedy, "is missing")
}

// missingOnce is missing for what one line of the file cures everywhere: it is a problem of the first place only.
func (d *decoder) missingOnce(parent at, path, key, remedy string) {
	if slices.ContainsFunc(d.problems, func(p Problem) bool {
		return p.Remedy == remedy && strings.HasSuffix(p.Path, "."+key)
	}) {
		return
	}
	d.missing(parent, path, remedy)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// field is one key of a mapping whose values go into a T.
type field[T any] struct {
	key string
	// def and bounds are for people; doc is one or two sentences with the unit.
	def, bounds, doc string
	set              func(d *decoder, a at, into *T)
}

// decodeMapping fills into from the mapping at a, key by key, and returns the places of the
// keys that it found. hint is what to say about a key that belongs elsewhere, and, for the key "", where there is no
// mapping.
func decodeMapping[T any](d *decoder, a at, fields []field[T], hint map[string]string, into *T) map[string]at {
	found := map[string]at{}
	if remedy := hint[""]; remedy != "" && !isMapping(a.node) {
		d.problem(a, remedy, "must be a mapping of keys to values, not %s", kindOf(a.node))
		return found
	}
	keys := make([]string, len(fields))
	for i, f := range fields {
		keys[i] = f.key
	}
	pairs := d.pairs(a)
	for _, kv := range pairs {
		place := at{join(a.path, kv.key), kv.value}
		i := slices.Index(keys, kv.key)
		if i < 0 {
			remedy := hint[kv.key]
			if remedy == "" {
				remedy = Meant(kv.key, keys)
			}
			d.problem(at{place.path, kv.keyNode}, remedy, "unknown key")
			// A slip of the pen is read as what it means: what is below it is not missing as well.
			near := didYouMean(kv.key, keys)
			if len(near) != 1 || hint[kv.key] != "" || has(pairs, near[0]) {
				continue
			}
			i = slices.Index(keys, near[0])
		}
		found[keys[i]] = place
		fields[i].set(d, place, into)
	}
	return found
}

// isMapping reports whether a value is a mapping, or empty.
func isMapping(n ast.Node) bool {
	switch n.(type) {
	case nil, *ast.NullNode, *ast.MappingNode, *ast.MappingValueNode:
		return true
	default:
		return false
	}
}

// has reports whether one of the pairs has a key.
func has(pairs []pair, key string) bool {
	return slices.ContainsFunc(pairs, func(p pair) bool { return p.key == key })
}

type pair struct {
	key     string
	keyNode ast.Node
	value   ast.Node
}

// pairs are the keys and values of the mapping at a; anything else is a problem. An empty
// value counts as an empty mapping.
func (d *decoder) pairs(a at) []pair {
	var values []*ast.MappingValueNode
	switch n := a.node.(type) {
	case nil, *ast.NullNode:
		return nil
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		d.problem(a, "", "must be a mapping of keys to values, not %s", kindOf(n))
		return nil
	}
	var out []pair
	for _, v := range values {
		if v.Key.IsMergeKey() {
			d.problem(at{join(a.path, "<<"), v.Key}, "put shared settings under defaults",
				"merge keys are not supported")
			continue
		}
		key, ok := v.Key.(ast.ScalarNode)
		if !ok {
			d.problem(at{a.path, v.Key}, "", "a key must be a plain word")
			continue
		}
		out = append(out, pair{key.GetToken().Value, v.Key, v.Value})
	}
	return out
}

// items are the values of the list at a, whose entries begin with a dash.
func (d *decoder) items(a at) []at { return d.listOr(a, "begin each entry with a dash") }

// list is items for a short list of names; example shows one.
func (d *decoder) list(a at, example string) []at { return d.listOr(a, "write "+example) }

func (d *decoder) listOr(a at, remedy string) []at {
	var out []at
	switch n := a.node.(type) {
	case nil, *ast.NullNode:
	case *ast.SequenceNode:
		for i, v := range n.Values {
			out = append(out, at{fmt.Sprintf("%s[%d]", a.path, i), v})
		}
	default:
		d.problem(a, remedy, "must be a list, not %s", kindOf(n))
	}
	return out
}

// scalar is a value's text after variables, and how to show it in a message.
type scalar struct {
	text string
	// shown is the text in quotes, or where it came from when a variable was in it.
	shown string
}

// scalar reads the plain value at a; false means that a problem was recorded.
func (d *decoder) scalar(a at) (scalar, bool) {
	text, isText := textOf(a)
	switch n := a.node.(type) {
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode:
		text = n.GetToken().Value
	case nil, *ast.NullNode:
		d.problem(a, "give it a value or remove the key", "has no value")
		return scalar{}, false
	default:
		if !isText {
			d.problem(a, "", "must be a single value, not %s", kindOf(n))
			return scalar{}, false
		}
	}
	if !strings.Contains(text, "${") {
		return scalar{text, fmt.Sprintf("%q", text)}, true
	}
	value, err := d.expand(text)
	if err != nil {
		d.problem(a, "set it where the program starts, or change the file", "%s", err.Error())
		return scalar{}, false
	}
	return scalar{value, "the value of " + text}, true
}

// sealedScalar is scalar for places where a variable may stay unread; see WithoutSecrets.
// false means that there is nothing to check.
func (d *decoder) sealedScalar(a at) (scalar, bool) {
	if text, ok := textOf(a); d.sealed && ok && strings.Contains(text, "${") {
		return scalar{text: text}, false
	}
	return d.scalar(a)
}

// textOf is the text at a as the file has it; false where there is none.
func textOf(a at) (string, bool) {
	switch n := a.node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	}
	return "", false
}

// expand is Expand, once for each text of the file.
func (d *decoder) expand(text string) (string, error) {
	if value, ok := d.expanded[text]; ok {
		return value, nil
	}
	value, err := Expand(text, d.getenv)
	if err == nil {
		d.expanded[text] = value
	}
	return value, err
}

func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode:
		return "an anchor or alias (put shared settings under defaults)"
	case *ast.TagNode:
		return "a tagged value"
	default:
		return "a single value"
	}
}

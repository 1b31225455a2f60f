package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"
)

// A Change is what one part of a configuration has become.
type Change struct {
	// What is "table shop.orders", "connection shop" or the name of a section.
	What string
	// Keys are the keys that changed, without their values; "added" and "removed" stand for all of them.
	Keys []string
	// Restart says that only a worker that starts takes it over.
	Restart bool
}

// String is "table shop.orders: cursor, minLag".
func (c Change) String() string { return c.What + ": " + strings.Join(c.Keys, ", ") }

// Changes returns what a worker that goes from one configuration to the next has to take over, in a fixed order. It
// holds names and keys, and no value.
func Changes(from, to *Config) []Change {
	var out []Change
	section := func(name string, restart bool, a, b any) {
		if keys := changedKeys(a, b); len(keys) > 0 {
			out = append(out, Change{name, keys, restart})
		}
	}
	a, b := from.Staging, to.Staging
	if a.Compression != b.Compression {
		out = append(out, Change{What: "staging", Keys: []string{"compression"}})
	}
	a.Compression = b.Compression
	section("staging", true, a, b)
	section("worker", true, from.Worker, to.Worker)
	section("metrics", true, from.Metrics, to.Metrics)
	section("log", true, from.Log, to.Log)
	section("notifications", false, from.Notifications, to.Notifications)
	out = append(out, changedIn("connection ", from.Connections, to.Connections)...)
	return append(out, changedIn("table ", from.named(), to.named())...)
}

// NeedsRestart returns those changes that only a worker that starts takes over.
func NeedsRestart(all []Change) []Change {
	return slices.DeleteFunc(slices.Clone(all), func(c Change) bool { return !c.Restart })
}

// namedEntry is an entry of tables, for a comparison.
type namedEntry struct {
	Table
	Exclude []pattern
}

// named are the entries by the text of their names.
func (c *Config) named() map[string]namedEntry {
	out := map[string]namedEntry{}
	for _, e := range c.entries {
		one := namedEntry{e.settings, e.exclude}
		one.Target.Schema, one.Target.Table = "", e.targetOrSame().String()
		out[e.source.String()] = one
	}
	return out
}

func changedIn[T any](what string, from, to map[string]T) (out []Change) {
	all := maps.Clone(from)
	maps.Copy(all, to)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		before, had := from[name]
		after, has := to[name]
		switch {
		case !had:
			out = append(out, Change{What: what + name, Keys: []string{"added"}})
		case !has:
			out = append(out, Change{What: what + name, Keys: []string{"removed"}})
		default:
			if keys := changedKeys(before, after); len(keys) > 0 {
				out = append(out, Change{What: what + name, Keys: keys})
			}
		}
	}
	return out
}

// changedKeys are the fields of two values of one struct type that differ, as the keys of the file.
func changedKeys(a, b any) (keys []string) {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		f := x.Type().Field(i)
		if f.Anonymous {
			keys = append(keys, changedKeys(x.Field(i).Interface(), y.Field(i).Interface())...)
			continue
		}
		if f.IsExported() && !reflect.DeepEqual(x.Field(i).Interface(), y.Field(i).Interface()) {
			keys = append(keys, keyOf(f.Name))
		}
	}
	return keys
}

// keyOf is the key of a field: DSN is dsn, MinLag minLag.
func keyOf(field string) string {
	if strings.ToUpper(field) == field {
		return strings.ToLower(field)
	}
	first := []rune(field)
	first[0] = unicode.ToLower(first[0])
	return string(first)
}

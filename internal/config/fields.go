package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The constructors below make one field each: parse, check the bounds, store.

func intField[T any](key string, def, lo, hi int, doc string, to func(*T) *int) field[T] {
	return field[T]{key, strconv.Itoa(def), fmt.Sprintf("%d–%d", lo, hi), doc, func(d *decoder, a at, into *T) {
		v, ok := d.scalar(a)
		if !ok {
			return
		}
		n, err := parseInt(v.text)
		if err != nil {
			d.problem(a, fmt.Sprintf("write a number from %d to %d", lo, hi), "%s is not a whole number", v.shown)
			return
		}
		if n < int64(lo) || n > int64(hi) {
			d.problem(a, fmt.Sprintf("allowed is %d to %d", lo, hi), "%s is out of bounds", v.shown)
			return
		}
		*to(into) = int(n)
	}}
}

func int64Field[T any](key string, def, lo, hi int64, doc string, to func(*T) *int64) field[T] {
	f := intField(key, int(def), int(lo), int(hi), doc, func(*T) *int { return nil })
	f.set = func(d *decoder, a at, into *T) {
		n := int(*to(into))
		intField(key, int(def), int(lo), int(hi), doc, func(*T) *int { return &n }).set(d, a, into)
		*to(into) = int64(n)
	}
	return f
}

func sizeField[T any](key string, def, lo, hi int64, doc string, to func(*T) *int64) field[T] {
	bounds := formatSize(lo) + "–" + formatSize(hi)
	return field[T]{key, formatSize(def), bounds, doc, func(d *decoder, a at, into *T) {
		v, ok := d.scalar(a)
		if !ok {
			return
		}
		n, err := parseSize(v.text)
		if err != nil {
			d.problem(a, "write it like 512KiB, 16MiB or 1GiB", "%s %s", v.shown, err.Error())
			return
		}
		if n < lo || n > hi {
			d.problem(a, fmt.Sprintf("allowed is %s to %s", formatSize(lo), formatSize(hi)), "%s is out of bounds",
				v.shown)
			return
		}
		*to(into) = n
	}}
}

func durationField[T any](key string, def, lo, hi time.Duration, doc string, to func(*T) *time.Duration) field[T] {
	bounds := formatDuration(lo) + "–" + formatDuration(hi)
	return field[T]{key, formatDuration(def), bounds, doc, func(d *decoder, a at, into *T) {
		v, ok := d.scalar(a)
		if !ok {
			return
		}
		n, err := parseDuration(v.text)
		if err != nil {
			d.problem(a, "write it with a unit, like 500ms, 30s, 5m or 2h", "%s %s", v.shown, err.Error())
			return
		}
		if n < lo || n > hi {
			d.problem(a, fmt.Sprintf("allowed is %s to %s", formatDuration(lo), formatDuration(hi)),
				"%s is out of bounds", v.shown)
			return
		}
		*to(into) = n
	}}
}

func boolField[T any](key string, def bool, doc string, to func(*T) *bool) field[T] {
	return field[T]{key, strconv.FormatBool(def), "true, false", doc, func(d *decoder, a at, into *T) {
		v, ok := d.scalar(a)
		if !ok {
			return
		}
		if v.text != "true" && v.text != "false" {
			d.problem(a, "write true or false", "%s is neither true nor false", v.shown)
			return
		}
		*to(into) = v.text == "true"
	}}
}

// wordField takes one of a few words, or what is the default anyway.
func wordField[T any](key, def string, words []string, doc string, to func(*T) *string) field[T] {
	return field[T]{key, def, strings.Join(words, ", "), doc, func(d *decoder, a at, into *T) {
		v, ok := d.scalar(a)
		if !ok {
			return
		}
		if v.text != def && !slices.Contains(words, v.text) {
			d.problem(a, meant(v.text, words), "%s is not allowed", v.shown)
			return
		}
		*to(into) = v.text
	}}
}

// textField takes any text that check accepts; check returns what is wrong and what to do, or "".
func textField[T any](key, def, bounds, doc string, check func(string) (wrong, remedy string),
	to func(*T) *string,
) field[T] {
	return field[T]{key, def, bounds, doc, func(d *decoder, a at, into *T) {
		v, ok := d.scalar(a)
		if !ok {
			return
		}
		if check != nil {
			if wrong, remedy := check(v.text); wrong != "" {
				d.problem(a, remedy, "%s %s", v.shown, wrong)
				return
			}
		}
		*to(into) = v.text
	}}
}

// namesField is a list of connections' names.
func namesField[T any](key, example, doc string, to func(*T) *[]string) field[T] {
	return field[T]{key, "", example, doc, func(d *decoder, a at, into *T) {
		var names []string
		for _, place := range d.list(a, example) {
			if v, ok := d.scalar(place); ok {
				names = append(names, v.text)
			}
		}
		*to(into) = names
	}}
}

// lift makes a field of an inner value a field of what contains it.
func lift[Outer, Inner any](f field[Inner], to func(*Outer) *Inner) field[Outer] {
	return field[Outer]{f.key, f.def, f.bounds, f.doc, func(d *decoder, a at, into *Outer) { f.set(d, a, to(into)) }}
}

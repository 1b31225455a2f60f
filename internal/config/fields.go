package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The constructors below make one field each: parse, check the bounds, store.

// scalarField is a field of one value: parse reads it, or says what is wrong and what to do.
func scalarField[T, V any](key, def, bounds, doc string, to func(*T) *V,
	parse func(text string) (v V, wrong, remedy string),
) field[T] {
	return field[T]{key, def, bounds, doc, func(d *decoder, a at, into *T) {
		s, ok := d.scalar(a)
		if !ok {
			return
		}
		v, wrong, remedy := parse(s.text)
		if wrong != "" {
			d.problem(a, remedy, "%s %s", s.shown, wrong)
			return
		}
		*to(into) = v
	}}
}

// bounded is a scalarField of a number from lo to hi, which format shows; hint is what to do about text that
// parse does not read.
func bounded[T any, V int | int64 | time.Duration](key string, def, lo, hi V, doc string, to func(*T) *V, hint string,
	parse func(string) (V, error), format func(V) string,
) field[T] {
	return scalarField(key, format(def), format(lo)+"–"+format(hi), doc, to, func(text string) (V, string, string) {
		v, err := parse(text)
		switch {
		case err != nil:
			return 0, err.Error(), hint
		case v < lo || v > hi:
			return 0, "is out of bounds", fmt.Sprintf("allowed is %s to %s", format(lo), format(hi))
		}
		return v, "", ""
	})
}

func intField[T any, V int | int64](key string, def, lo, hi V, doc string, to func(*T) *V) field[T] {
	return bounded(key, def, lo, hi, doc, to, fmt.Sprintf("write a number from %d to %d", lo, hi), parseInt[V],
		func(v V) string { return strconv.FormatInt(int64(v), 10) })
}

func sizeField[T any](key string, def, lo, hi int64, doc string, to func(*T) *int64) field[T] {
	return bounded(key, def, lo, hi, doc, to, "write it like 512KiB, 16MiB or 1GiB", parseSize, formatSize)
}

func durationField[T any](key string, def, lo, hi time.Duration, doc string, to func(*T) *time.Duration) field[T] {
	return bounded(key, def, lo, hi, doc, to, "write it with a unit, like 500ms, 30s, 5m, 2h or 7d", parseDuration,
		formatDuration)
}

func boolField[T any](key string, def bool, doc string, to func(*T) *bool) field[T] {
	return scalarField(key, strconv.FormatBool(def), "true, false", doc, to, func(text string) (bool, string, string) {
		if text != "true" && text != "false" {
			return false, "is neither true nor false", "write true or false"
		}
		return text == "true", "", ""
	})
}

// wordField takes one of a few words, or what is the default anyway.
func wordField[T any](key, def string, words []string, doc string, to func(*T) *string) field[T] {
	return textField(key, def, strings.Join(words, ", "), doc, func(text string) (wrong, remedy string) {
		if text != def && !slices.Contains(words, text) {
			return "is not allowed", Meant(text, words)
		}
		return "", ""
	}, to)
}

// textField takes any text that check accepts; check returns what is wrong and what to do, or "".
func textField[T any](key, def, bounds, doc string, check func(string) (wrong, remedy string),
	to func(*T) *string,
) field[T] {
	return scalarField(key, def, bounds, doc, to, func(text string) (v, wrong, remedy string) {
		if check != nil {
			wrong, remedy = check(text)
		}
		return text, wrong, remedy
	})
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

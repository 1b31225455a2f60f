// Package human writes values as people read them: durations, sizes and lists of names.
//
// It owns the formats that go-humanize does not have. Numbers and plurals come from go-humanize itself. Programs read
// JSON instead, which holds exact values.
//
// Its one invariant: a text is short, so a list or a duration never grows with its value.
package human

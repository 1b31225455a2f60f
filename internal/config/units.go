package config

import (
	"errors"
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	kib int64 = 1 << 10
	mib int64 = 1 << 20
	gib int64 = 1 << 30
)

// sizeUnits are tried in this order: the longer spelling first, since "B" ends them all.
var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"KiB", kib},
	{"MiB", mib},
	{"GiB", gib},
	{"kB", 1e3},
	{"KB", 1e3},
	{"MB", 1e6},
	{"GB", 1e9},
	{"B", 1},
}

var (
	errSize     = errors.New("is not a size")
	errDuration = errors.New("is not a duration")
	errInt      = errors.New("is not a whole number")
)

// parseSize reads "16MiB", "16 MiB", "500kB" or a bare number of bytes.
func parseSize(s string) (int64, error) {
	number, unit := strings.TrimSpace(s), int64(1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := parseInt[int64](number)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return 0, errSize
	}
	return n * unit, nil
}

// formatSize is the shortest exact form that parseSize reads back.
func formatSize(n int64) string {
	for _, u := range []struct {
		name  string
		bytes int64
	}{{"GiB", gib}, {"MiB", mib}, {"KiB", kib}} {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}

// parseDuration reads Go's form, whole days as in "7d", and a bare 0, which needs no unit.
func parseDuration(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := parseInt[int64](days)
		if err != nil || n < 0 || n > int64(math.MaxInt64/day) {
			return 0, errDuration
		}
		return time.Duration(n) * day, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, errDuration
	}
	return d, nil
}

// formatDuration is 1m and not 1m0s.
func formatDuration(d time.Duration) string {
	s := d.String()
	if d == 0 {
		return "0"
	}
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// parseInt reads a decimal number, with the underscores that YAML allows between digits.
func parseInt[V int | int64](s string) (V, error) {
	n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(s), "_", ""), 10, 64)
	if err != nil {
		return 0, errInt
	}
	return V(n), nil
}

package app

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOldTemporalServersAreRefused(t *testing.T) {
	for version, want := range map[string]string{
		"1.32.1": "", "1.28.0": "", "v1.29.0-149.1": "", "2.0.0": "",
		"1.27.3": "version 1.27.3", "1.9.0": "1.28 or later", "0.31.2": "1.28 or later",
	} {
		err := checkServerVersion(version, slog.New(slog.DiscardHandler))
		if want == "" {
			require.NoError(t, err, version)
		} else {
			require.ErrorContains(t, err, want)
		}
	}
}

func TestAnUnknownTemporalVersionIsWarnedOf(t *testing.T) {
	for _, version := range []string{"", "cloud", "1", "1.x"} {
		var log bytes.Buffer
		require.NoError(t, checkServerVersion(version, slog.New(slog.NewTextHandler(&log, nil))), version)
		require.Contains(t, log.String(), "level=WARN", version)
	}
}

func TestSkewIsWhatLiesOutsideOfTheInterval(t *testing.T) {
	from := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	until := from.Add(time.Second)
	for seen, want := range map[time.Duration]time.Duration{
		0: 0, 500 * time.Millisecond: 0, time.Second: 0,
		-time.Minute: time.Minute, 3 * time.Second: -2 * time.Second,
	} {
		require.Equal(t, want, skew(from, until, from.Add(seen)), "%s", seen)
	}
}

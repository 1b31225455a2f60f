package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/remote"
)

// A command typed right after `tablehaul-standalone &` waits until Temporal answers, and only for one of this machine.
func TestACommandWaitsForATemporalThatStarts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address, cause string
		dials          int
	}{
		{"127.0.0.1:7233", "connection refused", 3},
		{"localhost:7233", "connectex: the target machine actively refused it", 3},
		{"temporal.example.com:7233", "connection refused", 1},
		{"127.0.0.1:7233", "no answer in time", 1},
	} {
		f := &fakeService{}
		a, _, stderr := testApp(t, f, nil)
		dials := 0
		a.startWait = time.Minute
		a.dial = func(context.Context, func(string) string, string) (service, error) {
			if dials++; dials < 3 {
				return nil, &remote.UnreachableError{Address: c.address, Cause: errors.New(c.cause)}
			}
			return f, nil
		}
		_, err := a.connect(t.Context())
		require.Equal(t, c.dials, dials, "%+v", c)
		if c.dials < 3 {
			require.Error(t, err)
			require.Empty(t, stderr.String())
			continue
		}
		require.NoError(t, err)
		require.Equal(t, "Temporal does not answer yet; waiting 1m for it\n", stderr.String())
	}
}

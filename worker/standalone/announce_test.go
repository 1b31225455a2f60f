package main

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// The server has no login, and says when it starts who can use it.
func TestTheStartSaysWhoCanUseTheServer(t *testing.T) {
	for ip, who := range map[string]string{
		"127.0.0.1": "every user and program of this machine",
		"::1":       "every user and program of this machine",
		"0.0.0.0":   "all who reach 0.0.0.0",
		"10.1.2.3":  "all who reach 10.1.2.3",
	} {
		d, err := openDataDir(t.TempDir())
		require.NoError(t, err)
		var stderr bytes.Buffer
		require.NoError(t, announce(settings{}, serverConfig{ip: ip}, d, io.Discard, &stderr))
		require.Contains(t, stderr.String(),
			"warning: "+who+" can read and end workflows, start runs and move watermarks")
		require.NoError(t, d.close())
	}
}

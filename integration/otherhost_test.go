package integration_test

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/require"
)

// configOf is the configuration of a worker on another machine, which has a folder of its own.
func (p *product) configOf(host string) string {
	p.t.Helper()
	text, err := os.ReadFile(p.config())
	require.NoError(p.t, err)
	folder, file := filepath.Join(p.dir, host), filepath.Join(p.dir, host+".yaml")
	require.NoError(p.t, os.MkdirAll(folder, 0o700))
	own := strings.NewReplacer(`"file://`+p.staging()+`"`, `"file://`+folder+`"`, "host: here",
		"host: "+host).Replace(string(text))
	require.NoError(p.t, os.WriteFile(file, []byte(own), 0o600))
	return file
}

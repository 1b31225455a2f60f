package monitoring

import (
	"sync"

	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// Promtool is the path of Prometheus's checker: from PATH, else Debian's, unpacked once into the
// user's cache. The server itself, 100 MB, is not needed.
var Promtool = sync.OnceValues(func() (string, error) {
	return servers.Program("promtool", "prometheus", "usr/bin/prometheus")
})

// Package integration holds the tests of the product as a whole: a real Temporal server, real
// MySQL and MariaDB servers, the worker as it ships. Below it are what they and the demo stand
// on: servers (finds or starts databases), compare (the oracle).
package integration

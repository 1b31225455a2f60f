package containers

import (
	"os"
	"strings"
)

// Images that are used where the environment names none. The compose file has the same ones, and builds the worker's.
const (
	defaultDatabases = "mysql:8.4.6 mysql:9.4.0 mariadb:10.11.14 mariadb:11.8.3"
	defaultTemporal  = "temporalio/temporal:1.5.1"
	defaultWorker    = "localhost/tablehaul/worker:latest"
)

func image(variable, otherwise string) string {
	if name := os.Getenv(variable); name != "" {
		return name
	}
	return otherwise
}

// databaseImages are the versions that are tested, two or more.
func databaseImages() []string {
	return strings.Fields(image("TABLEHAUL_TEST_IMAGES", defaultDatabases))
}

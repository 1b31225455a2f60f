package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// settings are how much is measured.
type settings struct {
	rows    int // of the first load
	big     bool
	servers []serverSettings
	report  string
	strict  bool
	only    []string // of parts; none for all
	// tuning are settings of the table's tuning, such as "chunksInFlight: 1"; empty for the defaults.
	tuning string
}

const (
	fullRows = 2_000_000
	leastRow = 20_000 // fewer would leave nothing to divide
)

// serverSettings are one kind of server that everything is measured on.
type serverSettings struct {
	flavor servers.Flavor
	// localInfile allows LOAD DATA LOCAL. Otherwise the server has its default, OFF on MySQL and ON on MariaDB.
	localInfile bool
}

// allServers are the servers as people have them, and MySQL with LOAD DATA LOCAL allowed.
var allServers = []serverSettings{
	{servers.FlavorMySQL, false}, {servers.FlavorMySQL, true}, {servers.FlavorMariaDB, false},
}

// fewRows and manyRows are the changed rows of the comparisons with the usual way.
func (s settings) fewRows() int  { return s.rows / 20 }
func (s settings) manyRows() int { return s.rows / 2 }

// incrementalRows are those of an incremental run, in a table of smallRows and in one of bigRows.
func (s settings) incrementalRows() int { return s.rows / 40 }
func (s settings) smallRows() int       { return s.rows / 2 }
func (s settings) bigRows() int         { return 5 * s.rows }

// full says that nothing was left out.
func (s settings) full() bool {
	return s.rows == fullRows && s.big && len(s.servers) == len(allServers) && len(s.only) == 0 && s.tuning == ""
}

func readSettings(getenv func(string) string) (settings, error) {
	s := settings{rows: fullRows, big: true, servers: allServers, tuning: getenv("TUNING")}
	if err := scene.ReadNumber(getenv, "ROWS", leastRow, &s.rows); err != nil {
		return s, err
	}
	s.rows = s.rows / leastRow * leastRow // so that every fraction is of whole hundreds
	switch text := getenv("BIG"); text {
	case "", "1":
	case "0":
		s.big = false
	default:
		return s, fmt.Errorf("BIG=%s: give 0 or 1", text)
	}
	switch f := servers.Flavor(getenv("FLAVOR")); f {
	case "":
	case servers.FlavorMySQL, servers.FlavorMariaDB:
		s.servers = slices.DeleteFunc(slices.Clone(s.servers), func(x serverSettings) bool { return x.flavor != f })
	default:
		return s, fmt.Errorf("FLAVOR=%s: give %s or %s", f, servers.FlavorMySQL, servers.FlavorMariaDB)
	}
	if text := getenv("ONLY"); text != "" {
		s.only = strings.Split(text, ",")
		for _, name := range s.only {
			if !slices.ContainsFunc(parts, func(p part) bool { return p.name == name }) {
				return s, fmt.Errorf("ONLY=%s: %q is none of %s", text, name, partNames())
			}
		}
		if slices.Contains(s.only, "changes") && !slices.Contains(s.only, "load") {
			return s, fmt.Errorf("ONLY=%s: changes are made to the rows of load: give both", text)
		}
	}
	switch text := getenv("LOCAL_INFILE"); text {
	case "":
	case "0", "1":
		s.servers = slices.DeleteFunc(slices.Clone(s.servers), func(x serverSettings) bool {
			return x.localInfile != (text == "1")
		})
	default:
		return s, fmt.Errorf("LOCAL_INFILE=%s: give 0 or 1", text)
	}
	if len(s.servers) == 0 {
		return s, errors.New("FLAVOR=mariadb LOCAL_INFILE=1: MariaDB allows it by default: leave LOCAL_INFILE out")
	}
	switch text := getenv("GOALS"); text {
	case "":
	case "strict":
		s.strict = true
	default:
		return s, fmt.Errorf("GOALS=%s: give strict, or nothing", text)
	}
	if s.report = getenv("REPORT"); s.report == "" && s.full() {
		s.report = "docs/benchmarks.md"
	}
	return s, nil
}

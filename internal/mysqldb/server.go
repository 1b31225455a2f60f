package mysqldb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// Flavor is the family of a server: both speak their own dialect of SQL.
type Flavor string

const (
	// FlavorMySQL is Oracle's MySQL and what is built from it (Percona, Aurora).
	FlavorMySQL Flavor = "mysql"
	// FlavorMariaDB is MariaDB.
	FlavorMariaDB Flavor = "mariadb"
)

// Server is what a server says of itself when a pool is opened.
type Server struct {
	Flavor Flavor `json:"flavor"`
	// Version is @@version, such as "9.7.0" or "10.11.14-MariaDB-0+deb12u2".
	Version string `json:"version"`
	// Major, Minor and Patch are the numbers at the beginning of Version.
	Major int `json:"major"`
	Minor int `json:"minor"`
	Patch int `json:"patch"`
	// MaxAllowedPacket is @@max_allowed_packet in bytes: no statement may be larger.
	MaxAllowedPacket int64 `json:"maxAllowedPacket"`
	// LocalInfile is @@local_infile: the server takes files from its clients.
	LocalInfile bool `json:"localInfile"`
	// MaxConnections is @@max_connections, and MaxUserConnections how many connections the login may
	// have at once, 0 for any number.
	MaxConnections     int `json:"-"`
	MaxUserConnections int `json:"-"`
	// FoldsNames says that names of tables do not differ by case (@@lower_case_table_names is not 0).
	FoldsNames bool `json:"foldsNames,omitempty"`
	// Account is CURRENT_USER(): the account that the server took the login for, such as "reader@%".
	Account string `json:"-"`
}

// Grant is the statement that gives the login's account privileges on a scope, such as "*.*" or a quoted table.
func (s Server) Grant(privileges, on string) string {
	return fmt.Sprintf("GRANT %s ON %s TO %s", privileges, on, s.accountText())
}

// accountText is the account as statements name it. An account's host has no @, its user may have one.
func (s Server) accountText() string {
	at := strings.LastIndex(s.Account, "@")
	if at < 0 {
		return "the login"
	}
	quote := func(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
	return quote(s.Account[:at]) + "@" + quote(s.Account[at+1:])
}

// AtLeast reports whether the server's version is at least major.minor.patch.
func (s Server) AtLeast(major, minor, patch int) bool {
	return slices.Compare([]int{s.Major, s.Minor, s.Patch}, []int{major, minor, patch}) >= 0
}

// String is for people: "MySQL 9.7.0", "MariaDB 10.11.14".
func (s Server) String() string {
	name := "MySQL"
	if s.Flavor == FlavorMariaDB {
		name = "MariaDB"
	}
	return name + " " + s.Version
}

// readServer reads Server. The error for an old server wraps [mysqlerr.ErrServerTooOld].
func (d *DB) readServer(ctx context.Context) error {
	var version, comment string
	s := &d.Server
	err := d.QueryRowContext(ctx, "SELECT @@version, @@version_comment, @@max_allowed_packet, @@local_infile,"+
		" @@lower_case_table_names <> 0, @@max_connections, @@max_user_connections,"+
		" CURRENT_USER()").Scan(&version, &comment, &s.MaxAllowedPacket, &s.LocalInfile, &s.FoldsNames,
		&s.MaxConnections, &s.MaxUserConnections, &s.Account)
	if err != nil {
		return err
	}
	s.setVersion(version, comment)
	oldest := [2]int{5, 7}
	if s.Flavor == FlavorMariaDB {
		oldest = [2]int{10, 3}
	}
	if !s.AtLeast(oldest[0], oldest[1], 0) {
		return fmt.Errorf("%w: %s, needed is %d.%d", mysqlerr.ErrServerTooOld, s, oldest[0], oldest[1])
	}
	return nil
}

// setVersion reads @@version, with @@version_comment.
func (s *Server) setVersion(version, comment string) {
	s.Version, s.Flavor = version, flavorOf(version+" "+comment)
	_, _ = fmt.Sscanf(version, "%d.%d.%d", &s.Major, &s.Minor, &s.Patch) // a missing number stays 0
}

func flavorOf(version string) Flavor {
	if strings.Contains(strings.ToLower(version), "mariadb") {
		return FlavorMariaDB
	}
	return FlavorMySQL
}

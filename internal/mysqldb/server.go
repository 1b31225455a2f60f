package mysqldb

// Flavor is the family of a server. Dialects differ: see upsert.go, ddl.go.
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
}

// AtLeast reports whether the server's version is at least major.minor.patch.
func (s Server) AtLeast(major, minor, patch int) bool {
	if s.Major != major {
		return s.Major > major
	}
	if s.Minor != minor {
		return s.Minor > minor
	}
	return s.Patch >= patch
}

// String is for people: "MySQL 9.7.0", "MariaDB 10.11.14".
func (s Server) String() string {
	name := "MySQL"
	if s.Flavor == FlavorMariaDB {
		name = "MariaDB"
	}
	return name + " " + s.Version
}

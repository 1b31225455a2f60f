//go:build unix

package localserver

import "fmt"

// A Login is a worker's account on a server, with what docs/security.md lists for the tables of a schema.
type Login struct{ Name, Password, Schema string }

// SourceStatements make the login of a source.
func (l Login) SourceStatements(s *Server) []string {
	monitor := "REPLICATION CLIENT"
	var major, minor int
	_, _ = fmt.Sscanf(s.Version, "%d.%d", &major, &minor) // a missing number stays 0
	if s.Flavor == FlavorMariaDB && (major > 10 || major == 10 && minor >= 5) {
		monitor = "REPLICA MONITOR"
	}
	return append(l.create(s.Flavor), "GRANT SELECT ON "+l.Schema+".* TO "+l.account(),
		"GRANT "+monitor+" ON *.* TO "+l.account())
}

// TargetStatements make the login of a target whose tables are created, swept and replaced.
func (l Login) TargetStatements(f Flavor) []string {
	return append(l.create(f), "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, TRIGGER, CREATE TEMPORARY "+
		"TABLES ON "+l.Schema+".* TO "+l.account())
}

func (l Login) account() string { return "'" + l.Name + "'@'%'" }

func (l Login) create(f Flavor) []string {
	out := []string{
		"CREATE USER IF NOT EXISTS " + l.account() + " IDENTIFIED BY '" + l.Password + "'",
		"GRANT PROCESS ON *.* TO " + l.account(),
	}
	if f == FlavorMySQL {
		out = append(out, "GRANT SELECT ON performance_schema.* TO "+l.account())
	}
	return out
}

// LoginDSN is how an account logs in, in the form of go-sql-driver.
func (s *Server) LoginDSN(name, password string) string {
	config := s.config.Clone()
	config.User, config.Passwd, config.DBName = name, password, ""
	return config.FormatDSN()
}

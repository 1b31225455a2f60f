package dsn

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

func badDSN(write, what string, args ...any) error {
	return &mysqlerr.DSNError{What: fmt.Sprintf(what, args...), Write: write}
}

const dialTimeout = 10 * time.Second

const (
	writeDSN = "write it as user:password@tcp(host:3306)/ or user:password@unix(/path/to/socket)/"
	writeTLS = "leave out the parameter tls, and set the connection's tls: disabled, required, verify-ca or " +
		"verify-identity"
)

// Check finds what makes a DSN useless with any server: a URL, no tcp(), a parameter that is
// refused, a tls setting that contradicts it, a file of authorities (caFile, "" for none) that would check nothing. The
// error is a [DSNError]. No server is asked, and the file is not read.
func Check(dsn string, mode TLSMode, caFile string) error {
	cfg, err := Config(dsn, mode, "")
	if err != nil || caFile == "" {
		return err
	}
	return checkCAIsUsed(cfg, mode)
}

// Config turns a DSN into the driver's configuration, with everything set that package mysqldb relies
// on. The error is a [mysqlerr.DSNError], or a [mysqlerr.FileError] of caFile ("" for the system's authorities).
func Config(dsn string, mode TLSMode, caFile string) (*mysql.Config, error) {
	cfg, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	if err := applyTLS(cfg, mode, caFile); err != nil {
		return nil, err
	}
	// Harmless in other programs' DSNs, and without meaning here: values travel as text.
	cfg.ParseTime, cfg.Loc, cfg.ColumnsWithAlias = false, time.UTC, false
	// Placeholders are filled in by the driver: one round trip, and nothing to close on the server.
	cfg.InterpolateParams, cfg.Collation = true, ""
	// The driver asks each server for its own limit, so that a packet that is too large is
	// refused here with a clear error instead of there with a lost connection.
	cfg.MaxAllowedPacket = 0
	cfg.Logger = &mysql.NopLogger{} // it would write over the progress bar, and every error is returned anyway
	if cfg.Timeout == 0 {
		cfg.Timeout = dialTimeout
	}
	return cfg, nil
}

// isLocal reports whether the connection never leaves the machine.
func isLocal(cfg *mysql.Config) bool {
	if cfg.Net == "unix" {
		return true
	}
	host, _, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Refused is the error for a DSN that the driver refuses for a reason not known here.
func Refused() error { return badDSN(writeDSN, "the driver refuses it") }

// parseDSN is the driver's ParseDSN with errors that say what to write.
func parseDSN(dsn string) (*mysql.Config, error) {
	if before, _, ok := strings.Cut(dsn, "://"); ok && !strings.ContainsAny(before, "@/(") {
		return nil, badDSN(writeDSN, "it is a URL")
	}
	if err := checkParams(dsn); err != nil {
		return nil, err
	}
	cfg, err := mysql.ParseDSN(dsn)
	if err != nil {
		return nil, dsnError(err)
	}
	return cfg, checkConfig(cfg)
}

// dsnError says what is wrong with a DSN without repeating it: the driver's texts quote
// pieces, and a piece may be of the password.
func dsnError(err error) error {
	for known, what := range map[string]string{
		"missing the slash":        "the slash before the database name is missing",
		"address not terminated":   "the brace after the address is missing",
		"did you forget to escape": "a parameter's value is not escaped",
		"default addr for network": "the address is outside of tcp( )",
		"unknown config name":      "its tls parameter is none that this program knows",
		"invalid bool value":       "a parameter that is true or false has another value",
		"missing unit":             "a parameter that is a time has no unit, such as 30s",
	} {
		if strings.Contains(err.Error(), known) {
			return badDSN(writeDSN, "%s", what)
		}
	}
	return badDSN(writeDSN, "the driver cannot read it")
}

// refusedParams are DSN parameters that would change what rows, counts or errors mean, or
// that weaken the connection behind the back of the tls setting.
var refusedParams = map[string]string{
	"strict":                   "the driver has no such parameter",
	"allowAllFiles":            "a server could read this machine's files",
	"allowFallbackToPlaintext": "encryption is never dropped silently; use the connection's tls setting",
	"allowOldPasswords":        "these passwords are not safe on a wire",
	"clientFoundRows":          "row counts would be wrong",
	"multiStatements":          "statements are sent one at a time",
	"time_zone":                "sessions run in UTC",
	"sql_mode":                 "the mode is chosen by what the connection is for",
	"autocommit":               "transactions are opened explicitly",
	"transaction_isolation":    "the isolation is chosen by what the connection is for",
	"tx_isolation":             "the isolation is chosen by what the connection is for",
	"transaction_read_only":    "access is chosen by what the connection is for",
	"tx_read_only":             "access is chosen by what the connection is for",
	"character_set_results":    "text travels as utf8mb4",
	"character_set_client":     "text travels as utf8mb4",
	"character_set_connection": "text travels as utf8mb4",
	"collation_connection":     "text travels as utf8mb4",
	"sql_select_limit":         "rows would go missing",
}

func checkParams(dsn string) error {
	_, query, _ := strings.Cut(dsn[strings.LastIndexByte(dsn, '/')+1:], "?")
	for param := range strings.SplitSeq(query, "&") {
		key, value, _ := strings.Cut(param, "=")
		why, refused := refusedParams[key]
		off := value == "false" || value == "0" || value == "False" || value == "FALSE"
		if refused && (!off || key == "autocommit") {
			return badDSN("leave it out", "the parameter %s cannot be used: %s", key, why)
		}
		if key == "tls" && (value == "preferred" || value == "custom") {
			return badDSN(writeTLS, "tls=%s may drop encryption silently, or needs a program's own settings", value)
		}
	}
	return nil
}

func checkConfig(cfg *mysql.Config) error {
	cfg.RejectReadOnly = false // it would hide "the target is read-only" behind a bad connection
	switch cfg.Net {
	case "unix":
		return nil
	case "tcp":
	default:
		return badDSN(writeDSN, "the address is outside of tcp( ) or unix( )")
	}
	host, port, err := net.SplitHostPort(cfg.Addr) // the driver has added a port where there was none
	address, _, _ := strings.Cut(host, "%")
	if err != nil || strings.ContainsAny(address, "/@ ") || strings.Contains(address, ":") &&
		net.ParseIP(address) == nil {
		return badDSN(writeDSN+"; an IPv6 address goes into [ ]", "the address in tcp( ) is not host:port")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return badDSN(writeDSN, "the port in tcp( ) is not a number from 1 to 65535")
	}
	return nil
}

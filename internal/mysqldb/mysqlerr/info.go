package mysqlerr

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// infoOf finds the info of a server's error by its number, and for a few numbers by SQLSTATE or text.
// The second result is false for an unknown number.
func infoOf(e *mysql.MySQLError) (errorInfo, bool) {
	if sqlState(e) == stateSignal { // the SIGNAL chooses the number
		return knownErrors[errSignal], true
	}
	v, known := knownErrors[e.Number]
	if by := infoByText(e); by != nil {
		return *by, true
	}
	if known {
		return v, true
	}
	if v, ok := infoByState[sqlState(e)]; ok {
		return v, false
	}
	return info(ClassUnknown, "the server refused with an error that is not known here", ""), false
}

// stateSignal is the SQLSTATE of a SIGNAL in a trigger or a routine.
const stateSignal = "45000"

// infoByState is for unknown numbers: SQLSTATEs with one meaning.
var infoByState = map[string]errorInfo{
	"08S01": info(ClassRetry, "the connection to the server failed", ""),
	"40001": info(ClassRetry, "the server rolled the transaction back", ""),
	"22001": info(ClassRowData, "value too long", remedyValue),
	"22003": info(ClassRowData, "value out of range", remedyValue),
	"22007": info(ClassRowData, "value cannot be read as the column's type", remedyValue),
	"23000": info(ClassRowData, "a key or a constraint of the target refuses the row", remedyValue),
	"28000": info(ClassConfiguration, "the server refuses the login", remedyLogin),
}

// sqlState is the error's SQLSTATE, or empty where the server sent none.
func sqlState(e *mysql.MySQLError) string {
	s := string(e.SQLState[:])
	if strings.IndexFunc(s, func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }) >= 0 {
		return ""
	}
	return s
}

var (
	readOnlyServer = info(ClassFailover, "the server is read-only", "write to the primary server")
	fullDisk       = info(ClassCapacity, "the server's disk is full", remedyRoom)
	noResources    = info(ClassCapacity, "the server is out of files, memory or threads", remedyRoom)
	lockedRows     = info(ClassRetry, "another session holds a lock on the same rows, or changed them", "")
	damagedTable   = info(ClassConfiguration, "the table or an index of it is damaged", remedyDamaged)
	engineRefuses  = info(ClassConfiguration, "the server's storage engine refuses the statement", remedyFiles)

	transactionTooLarge = info(ClassSplit, "the transaction is larger than the cluster takes",
		"raise wsrep_max_ws_size and wsrep_max_ws_rows, or lower chunkRows")
	clusterForbids = shown(ClassConfiguration,
		"set pxc_strict_mode to PERMISSIVE on the cluster, or connect to a server that allows it")
	cannotReach = info(ClassUnknown, "the proxy before the server is in trouble", "")
)

// infoByText is for numbers that say too little; nil where the number is enough.
func infoByText(e *mysql.MySQLError) *errorInfo {
	m := strings.ToLower(e.Message)
	switch {
	case (e.Number == errOptionPrevents || e.Number == errCantLock) && saysReadOnly(m):
		return &readOnlyServer
	case e.Number == errUnknown:
		return unknownError(m)
	case strings.Contains(m, "errcode: 28") || strings.Contains(m, "no space left on device"):
		// A full disk reaches the client under a dozen numbers of the storage layer.
		return &fullDisk
	case saysErrno[e.Number]:
		return systemError(m)
	}
	return nil
}

// saysReadOnly reads the text of 1290 "The server is running with the %s option so it cannot execute this statement",
// whose option may also be --secure-file-priv or --skip-grant-tables, and of 1015 "Can't lock file (errno: 165 - Table
// is read only)", which MySQL says with innodb_read_only.
func saysReadOnly(message string) bool {
	return strings.Contains(strings.NewReplacer("-", " ", "_", " ").Replace(message), "read only")
}

// unknownError tells what passes by itself from what is forbidden: Vitess and others say 1105 of a lost backend, too.
func unknownError(m string) *errorInfo {
	if strings.HasPrefix(m, "percona-xtradb-cluster prohibits") { // its text is about names
		return &clusterForbids
	}
	for _, passing := range []string{
		"unavailable", "not serving", "connection refused", "connection reset", "deadline exceeded", "broken pipe",
		"try again", "timeout", "timed out", "aborted", "eof",
	} {
		if strings.Contains(m, passing) {
			return &cannotReach
		}
	}
	return nil
}

// saysErrno are the numbers whose text ends with a number of the operating system or the engine.
var saysErrno = numbersIn(systemErrors + " 1005 1006 1015 1180 1181")

var errno = regexp.MustCompile(`(?:errno|errcode|got error):? (\d+)`)

// systemError reads that number: below 120 it is the operating system's, above it a handler's.
func systemError(m string) *errorInfo {
	g := errno.FindStringSubmatch(m)
	if g == nil {
		if strings.Contains(m, "size exceed") { // Galera, during COMMIT
			return &transactionTooLarge
		}
		return nil
	}
	number, err := strconv.Atoi(g[1])
	if err != nil {
		return nil
	}
	switch {
	case strings.Contains(m, "size exceed"):
		return &transactionTooLarge
	case strings.Contains(m, "quota exceeded"), number == 135, number == 136: // a file is full
		return &fullDisk
	case number == 11, number == 12, number == 23, number == 24, number == 128: // EAGAIN, ENOMEM, ENFILE, EMFILE
		return &noResources
	case number == 123, number == 146, number == 149: // changed, lock wait, deadlock
		return &lockedRows
	case number == 165:
		return &readOnlyServer
	case number == 126, number == 127, number == 134, number == 144, number == 145:
		return &damagedTable
	case number == 168, number < 120 && number != 13 && number != 2: // it may pass or not
		return nil
	}
	return &engineRefuses
}

package mysqlerr

// An errorInfo is what the program knows of one error number.
type errorInfo struct {
	class Class
	// safeText says that the server's own text holds names only, and may be shown. Any other text is
	// replaced by message, because it may hold values of rows or the statement.
	safeText bool
	// message is shown where safeText is false.
	message string
	// remedy says what a person can change; empty where only time helps.
	remedy string
}

func info(class Class, message, remedy string) errorInfo {
	return errorInfo{class: class, message: message, remedy: remedy}
}

// shown is the info of an error whose own text is shown.
func shown(class Class, remedy string) errorInfo {
	return errorInfo{class: class, safeText: true, remedy: remedy}
}

const (
	remedyGrant = "grant the login what it lacks, or use another login"
	remedyLogin = "check user, password, the hosts the login is allowed from, and whether it has to use tls"
	remedyValue = "widen or change the target column, or correct the row at the source"
	remedyRoom  = "make room on the server"
	remedyConns = "lower maxConnections of the connections, or raise the server's max_connections"
	remedyUser  = "lower maxConnections of the connections with this login, or raise the limit: ALTER USER ... WITH" +
		" MAX_USER_CONNECTIONS, or the one that the message names"
	remedySecure = "set tls for this connection"
	remedyUnique = "find the two rows that share it, drop the unique key on the target, or set uniqueConflicts:" +
		" replace for" +
		" the table: then the row that holds the value gives way, unless it is newer"
	remedyLock = "look who holds it, while a step waits: SELECT * FROM sys.innodb_lock_waits (MySQL)," +
		" SELECT * FROM information_schema.innodb_lock_waits (MariaDB)"
	remedyBlocked = "run FLUSH HOSTS on the server once its network trouble is over"
	remedyNoDB    = "the server does not know a function of the table's defaults or expressions, or a trigger names" +
		" a table" +
		" without its database: create it there, or take it out of the table"
	remedyForbidden   = "see the message in the server's log; on Percona XtraDB Cluster, see pxc_strict_mode"
	remedyBlockedUser = "wait until the server lets the login in again, or unlock it (ALTER USER ... ACCOUNT UNLOCK," +
		" FLUSH PRIVILEGES on MariaDB), after the password is right here"
)

// errorInfos are the common errors, one by one; errorGroups has all others.
var errorInfos = map[uint16]errorInfo{
	ErrLockWaitTimeout: info(ClassRetry, "lock wait timeout: another session holds a lock on the same rows",
		remedyLock),
	errDeadlock:           info(ClassRetry, "deadlock with another session", ""),
	errInterrupted:        info(ClassRetry, "the statement was interrupted", ""),
	errTableDefChanged:    info(ClassRetry, "the table's definition changed", ""),
	errReprepare:          info(ClassRetry, "the statement must be prepared again", ""),
	errClientInactive:     info(ClassRetry, "the server closed an idle connection", ""),
	errShutdown:           info(ClassRetry, "the server is shutting down", ""),
	errClientConnect:      info(ClassRetry, "the server cannot be reached", ""),
	errClientGone:         info(ClassRetry, "the connection is gone", ""),
	errClientLost:         info(ClassRetry, "the connection was lost during a statement", ""),
	errClientLostExtended: info(ClassRetry, "the connection was lost during a statement", ""),
	errNetReadFromPipe:    info(ClassRetry, "network error", ""),
	errNetReadError:       info(ClassRetry, "network error while reading", ""),
	errNetReadInterrupted: info(ClassRetry, "network timeout while reading", ""),
	errNetErrorOnWrite:    info(ClassRetry, "network error while writing", ""),
	errNetWriteInterrupt:  info(ClassRetry, "network timeout while writing", ""),
	ErrHandlerError:       info(ClassRetry, "a row changed since it was read", ""),
	errConnectionKilled:   info(ClassRetry, "the connection was killed on the server", ""),
	errNotReady:           info(ClassRetry, "the node is not ready for statements", ""),
	errCommitHook:         info(ClassRetry, "the group refused the commit", ""),
	errTransactionRolled:  info(ClassRetry, "the server rolled the transaction back during commit", ""),
	errQueryTimeout:       info(ClassRetry, "the statement ran longer than the server allows", ""),
	errStatementTimeout:   info(ClassRetry, "the statement ran longer than the server allows", ""),

	ErrTooManyConnections: info(ClassCapacity, "the server has no connection left", remedyConns),
	ErrTooManyUserConns:   info(ClassCapacity, "the login has no connection left", remedyUser),
	ErrUserLimit:          shown(ClassCapacity, remedyUser),
	errHostBlocked: info(ClassCapacity, "the server blocks this host after too many connection errors",
		remedyBlocked),
	errCantCreateThread: info(ClassCapacity, "the server cannot create a thread", remedyRoom),
	errDiskFull:         info(ClassCapacity, "the server's disk is full", remedyRoom),
	errTableFull:        info(ClassCapacity, "the table or its tablespace is full", remedyRoom),
	errOutOfMemory:      info(ClassCapacity, "the server is out of memory", remedyRoom),
	errOutOfSortMemory:  info(ClassCapacity, "the server is out of sort memory", "raise the server's sort_buffer_size"),
	errOutOfResources:   info(ClassCapacity, "the server is out of resources", remedyRoom),

	errReadOnlyTx:     info(ClassFailover, "the session is read-only", "write to the primary server"),
	errReadOnlyMode:   info(ClassFailover, "the server is in read-only mode", "write to the primary server"),
	errInnoDBReadOnly: info(ClassFailover, "innodb is in read-only mode", "write to the primary server"),
	errOpenAsReadOnly: info(ClassFailover, "the table is read-only", "write to the primary server"),
	// 1015 and 1290 are failover only where the text says read-only: see infoByText.
	errOptionPrevents: shown(ClassConfiguration, "change the server option that the message names"),

	errPacketTooLarge: info(ClassSplit, "the statement is larger than the server's max_allowed_packet",
		"raise max_allowed_packet on the server"),
	errLockTableFull:  info(ClassSplit, "the statement takes more locks than the server's lock table holds", ""),
	errTooManyMarkers: info(ClassSplit, "the statement has too many placeholders", ""),

	ErrDuplicateEntry: info(ClassRowData, "another row already holds this value of a unique key", remedyUnique),
	errBadNull: info(ClassRowData, "a column that cannot be NULL got a NULL",
		"make the target column nullable, or correct the row at the source"),
	errOutOfRange:        info(ClassRowData, "value out of range", remedyValue),
	ErrDataTruncated:     info(ClassRowData, "value does not fit and would be cut", remedyValue),
	errWrongValue:        info(ClassRowData, "value cannot be read as the column's type", remedyValue),
	errInvalidCharacters: info(ClassRowData, "string is not valid in its character set", remedyValue),
	errNoDefault: info(ClassRowData, "a target column without a default gets no value",
		"give the target column a default or make it nullable"),
	errWrongValueForField: info(ClassRowData, "value cannot be stored in the column's type or character set",
		remedyValue),
	errIllegalValue:      info(ClassRowData, "illegal value for the type", remedyValue),
	errDataTooLong:       info(ClassRowData, "value too long", remedyValue),
	errWrongValueForType: info(ClassRowData, "value cannot be read as the type", remedyValue),
	errBadGeometry:       info(ClassRowData, "value is not a geometry", remedyValue),
	ErrRowIsReferenced: info(ClassRowData, "a row of the target that has to make way is referred to by another table",
		"drop the foreign key that refers to the target, or set uniqueConflicts: fail"),
	ErrForeignKey: info(ClassRowData, "a foreign key of the target has no parent row for this value",
		"sync the parent table first, or drop the foreign key on the target"),
	ErrNumericRange: info(ClassRowData, "the result of an expression is out of range", remedyValue),
	errInvalidJSON:  info(ClassRowData, "value is not valid JSON", remedyValue),
	errCheckViolated: info(ClassRowData, "a check of the target refuses the row",
		"drop the check on the target, or correct the row at the source"),
	errConstraintFailed: info(ClassRowData, "a check of the target refuses the row",
		"drop the check on the target, or correct the row at the source"),
	ErrCannotConvert: info(ClassRowData, "string has characters that the column's character set does not have",
		remedyValue),
	ErrSubqueryRows: info(ClassRowData, "another row already holds this value of a unique key", remedyUnique),

	errDBAccessDenied:     shown(ClassConfiguration, remedyGrant),
	ErrAccessDenied:       shown(ClassConfiguration, remedyLogin),
	ErrAccessDeniedNoPass: shown(ClassConfiguration, remedyLogin),
	ErrHostNotAllowed:     shown(ClassConfiguration, remedyLogin),
	errAuthProtocol:       shown(ClassConfiguration, remedyLogin),
	errMustChangePassword: info(ClassConfiguration, "the login's password has expired", "set a new password"),
	ErrPasswordExpired:    info(ClassConfiguration, "the login's password has expired", "set a new password"),
	ErrAccountLocked:      shown(ClassConfiguration, "unlock the account"),
	ErrMariaAccountLocked: shown(ClassConfiguration, "unlock the account"),
	errNoDB:               info(ClassConfiguration, "a function or a table is named without its database", remedyNoDB),
	errUnknown: info(ClassConfiguration, "the server, or the cluster or proxy before it, forbids the statement",
		remedyForbidden),
	ErrUserBlocked:  shown(ClassConfiguration, remedyBlockedUser),
	ErrPasswordLock: shown(ClassConfiguration, remedyBlockedUser),
	ErrBadDB:        shown(ClassConfiguration, "create the database, or correct its name"),
	ErrBadField:     shown(ClassConfiguration, "the table's columns changed: plan the run again"),
	ErrParse: info(ClassConfiguration, "the server does not understand a statement of ours",
		"report it with the server's version"),
	ErrTableAccessDenied:  shown(ClassConfiguration, remedyGrant),
	ErrColumnAccessDenied: shown(ClassConfiguration, remedyGrant),
	ErrNoSuchTable:        shown(ClassConfiguration, "create the table, or correct its name"),
	errViewInvalid:        shown(ClassConfiguration, "correct the view"),
	ErrUnknownVariable:    shown(ClassConfiguration, "use a server version that has it"),
	ErrSpecificAccess:     shown(ClassConfiguration, remedyGrant),
	ErrUnknownTimeZone:    shown(ClassConfiguration, "load the server's time zone tables"),
	errBinlogFormat: info(ClassConfiguration, "binlog_format=STATEMENT does not allow writes in READ COMMITTED",
		"set binlog_format to ROW or MIXED on the target"),
	errSecureTransport: info(ClassConfiguration, "the server accepts encrypted connections only", remedySecure),
}

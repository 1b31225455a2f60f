package mysqlerr

// Error numbers of the server that the program acts on, by number. Where MySQL and MariaDB use a number
// for different things, the comment says so. An error does not tell the flavor, so every such number has
// a class that is safe for both.
const (
	ErrDBExists = 1007 // ER_DB_CREATE_EXISTS
	errCantLock = 1015 // ER_CANT_LOCK: read-only, or a lack of locks: the text tells
	// ER_CHECKREAD: the row changed since it was read (MariaDB ≥ 10.6.18 snapshot isolation)
	ErrHandlerError       = 1020
	errDiskFull           = 1021 // ER_DISK_FULL
	errOpenAsReadOnly     = 1036 // ER_OPEN_AS_READONLY: what MariaDB says of a table with innodb_read_only
	errOutOfMemory        = 1037 // ER_OUTOFMEMORY
	errOutOfSortMemory    = 1038 // ER_OUT_OF_SORTMEMORY
	ErrTooManyConnections = 1040 // ER_CON_COUNT_ERROR
	errOutOfResources     = 1041 // ER_OUT_OF_RESOURCES
	errDBAccessDenied     = 1044 // ER_DBACCESS_DENIED_ERROR
	ErrAccessDenied       = 1045 // ER_ACCESS_DENIED_ERROR
	errNoDB               = 1046 // ER_NO_DB_ERROR
	errNotReady           = 1047 // ER_UNKNOWN_COM_ERROR: a Galera node that is not ready says this
	errBadNull            = 1048 // ER_BAD_NULL_ERROR
	ErrBadDB              = 1049 // ER_BAD_DB_ERROR
	ErrTableExists        = 1050 // ER_TABLE_EXISTS_ERROR
	errShutdown           = 1053 // ER_SERVER_SHUTDOWN
	ErrBadField           = 1054 // ER_BAD_FIELD_ERROR
	ErrDuplicateEntry     = 1062 // ER_DUP_ENTRY
	ErrParse              = 1064 // ER_PARSE_ERROR
	errUnknown            = 1105 // ER_UNKNOWN_ERROR: what clusters and proxies say of all they have no number for
	errTableFull          = 1114 // ER_RECORD_FILE_FULL
	errHostBlocked        = 1129 // ER_HOST_IS_BLOCKED
	ErrHostNotAllowed     = 1130 // ER_HOST_NOT_PRIVILEGED
	errCantCreateThread   = 1135 // ER_CANT_CREATE_THREAD
	ErrTableAccessDenied  = 1142 // ER_TABLEACCESS_DENIED_ERROR
	ErrColumnAccessDenied = 1143 // ER_COLUMNACCESS_DENIED_ERROR
	ErrNoSuchTable        = 1146 // ER_NO_SUCH_TABLE
	errPacketTooLarge     = 1153 // ER_NET_PACKET_TOO_LARGE
	errNetReadFromPipe    = 1154 // ER_NET_READ_ERROR_FROM_PIPE
	errNetReadError       = 1158 // ER_NET_READ_ERROR
	errNetReadInterrupted = 1159 // ER_NET_READ_INTERRUPTED
	errNetErrorOnWrite    = 1160 // ER_NET_ERROR_ON_WRITE
	errNetWriteInterrupt  = 1161 // ER_NET_WRITE_INTERRUPTED
	errUnknownVariable    = 1193 // ER_UNKNOWN_SYSTEM_VARIABLE
	ErrTooManyUserConns   = 1203 // ER_TOO_MANY_USER_CONNECTIONS
	ErrLockWaitTimeout    = 1205 // ER_LOCK_WAIT_TIMEOUT: the transaction stays open, so it must be rolled back
	errLockTableFull      = 1206 // ER_LOCK_TABLE_FULL
	errDeadlock           = 1213 // ER_LOCK_DEADLOCK: rolled back by the server
	ErrUserLimit          = 1226 // ER_USER_LIMIT_REACHED
	ErrSpecificAccess     = 1227 // ER_SPECIFIC_ACCESS_DENIED_ERROR
	ErrSubqueryRows       = 1242 // ER_SUBQUERY_NO_1_ROW: in our upserts only the key guard raises it
	errAuthProtocol       = 1251 // ER_NOT_SUPPORTED_AUTH_MODE
	errOutOfRange         = 1264 // ER_WARN_DATA_OUT_OF_RANGE
	ErrDataTruncated      = 1265 // WARN_DATA_TRUNCATED
	errOptionPrevents     = 1290 // ER_OPTION_PREVENTS_STATEMENT: read-only, or another option: the text tells
	errWrongValue         = 1292 // ER_TRUNCATED_WRONG_VALUE
	ErrUnknownTimeZone    = 1298 // ER_UNKNOWN_TIME_ZONE
	errInvalidCharacters  = 1300 // ER_INVALID_CHARACTER_STRING
	errInterrupted        = 1317 // ER_QUERY_INTERRUPTED
	errViewInvalid        = 1356 // ER_VIEW_INVALID
	errNoDefault          = 1364 // ER_NO_DEFAULT_FOR_FIELD
	errWrongValueForField = 1366 // ER_TRUNCATED_WRONG_VALUE_FOR_FIELD
	errIllegalValue       = 1367 // ER_ILLEGAL_VALUE_FOR_TYPE
	errTooManyMarkers     = 1390 // ER_PS_MANY_PARAM
	errDataTooLong        = 1406 // ER_DATA_TOO_LONG
	errWrongValueForType  = 1411 // ER_WRONG_VALUE_FOR_TYPE
	errTableDefChanged    = 1412 // ER_TABLE_DEF_CHANGED
	errBadGeometry        = 1416 // ER_CANT_CREATE_GEOMETRY_OBJECT
	errRowIsReferenced    = 1451 // ER_ROW_IS_REFERENCED_2
	ErrForeignKey         = 1452 // ER_NO_REFERENCED_ROW_2
	errReprepare          = 1615 // ER_NEED_REPREPARE
	errSignal             = 1644 // ER_SIGNAL_EXCEPTION
	errBinlogFormat       = 1665 // ER_BINLOG_STMT_MODE_AND_ROW_ENGINE
	ErrNumericRange       = 1690 // ER_DATA_OUT_OF_RANGE
	ErrAccessDeniedNoPass = 1698 // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
	errReadOnlyTx         = 1792 // ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION
	errMustChangePassword = 1820 // ER_MUST_CHANGE_PASSWORD
	errReadOnlyMode       = 1836 // ER_READ_ONLY_MODE
	ErrPasswordExpired    = 1862 // ER_MUST_CHANGE_PASSWORD_LOGIN
	errInnoDBReadOnly     = 1874 // ER_INNODB_READ_ONLY
	errConnectionKilled   = 1927 // MariaDB ER_CONNECTION_KILLED
	errStatementTimeout   = 1969 // MariaDB ER_STATEMENT_TIMEOUT (max_statement_time)
	errClientConnect      = 2003 // CR_CONN_HOST_ERROR
	errClientGone         = 2006 // CR_SERVER_GONE_ERROR
	errClientLost         = 2013 // CR_SERVER_LOST
	errClientLostExtended = 2055 // CR_SERVER_LOST_EXTENDED
	errQueryTimeout       = 3024 // MySQL ER_QUERY_TIMEOUT (max_execution_time)
	errCommitHook         = 3100 // MySQL ER_RUN_HOOK_ERROR: group replication refused this commit
	errTransactionRolled  = 3101 // MySQL ER_TRANSACTION_ROLLBACK_DURING_COMMIT
	ErrAccountLocked      = 3118 // MySQL ER_ACCOUNT_HAS_BEEN_LOCKED
	errInvalidJSON        = 3140 // MySQL ER_INVALID_JSON_TEXT
	errSecureTransport    = 3159 // ER_SECURE_TRANSPORT_REQUIRED
	errCheckViolated      = 3819 // MySQL ER_CHECK_CONSTRAINT_VIOLATED
	ErrCannotConvert      = 3854 // MySQL ER_CANNOT_CONVERT_STRING
	ErrPasswordLock       = 3955 // MySQL ER_USER_ACCESS_DENIED_FOR_USER_ACCOUNT_BLOCKED_BY_PASSWORD_LOCK
	errConstraintFailed   = 4025 // MariaDB ER_CONSTRAINT_FAILED
	errClientInactive     = 4031 // MySQL ER_CLIENT_INTERACTION_TIMEOUT
	ErrUserBlocked        = 4150 // MariaDB ER_USER_IS_BLOCKED: max_password_errors were reached
	ErrMariaAccountLocked = 4151 // MariaDB ER_ACCOUNT_HAS_BEEN_LOCKED
)

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
	ErrLockWaitTimeout: {class: ClassRetry, message: "lock wait timeout: another session holds a lock on the same" +
		" rows", remedy: remedyLock},
	errDeadlock:           {class: ClassRetry, message: "deadlock with another session"},
	errInterrupted:        {class: ClassRetry, message: "the statement was interrupted"},
	errTableDefChanged:    {class: ClassRetry, message: "the table's definition changed"},
	errReprepare:          {class: ClassRetry, message: "the statement must be prepared again"},
	errClientInactive:     {class: ClassRetry, message: "the server closed an idle connection"},
	errShutdown:           {class: ClassRetry, message: "the server is shutting down"},
	errClientConnect:      {class: ClassRetry, message: "the server cannot be reached"},
	errClientGone:         {class: ClassRetry, message: "the connection is gone"},
	errClientLost:         {class: ClassRetry, message: "the connection was lost during a statement"},
	errClientLostExtended: {class: ClassRetry, message: "the connection was lost during a statement"},
	errNetReadFromPipe:    {class: ClassRetry, message: "network error"},
	errNetReadError:       {class: ClassRetry, message: "network error while reading"},
	errNetReadInterrupted: {class: ClassRetry, message: "network timeout while reading"},
	errNetErrorOnWrite:    {class: ClassRetry, message: "network error while writing"},
	errNetWriteInterrupt:  {class: ClassRetry, message: "network timeout while writing"},
	ErrHandlerError:       {class: ClassRetry, message: "a row changed since it was read"},
	errConnectionKilled:   {class: ClassRetry, message: "the connection was killed on the server"},
	errNotReady:           {class: ClassRetry, message: "the node is not ready for statements"},
	errCommitHook:         {class: ClassRetry, message: "the group refused the commit"},
	errTransactionRolled:  {class: ClassRetry, message: "the server rolled the transaction back during commit"},
	errQueryTimeout:       {class: ClassRetry, message: "the statement ran longer than the server allows"},
	errStatementTimeout:   {class: ClassRetry, message: "the statement ran longer than the server allows"},

	ErrTooManyConnections: {class: ClassCapacity, message: "the server has no connection left", remedy: remedyConns},
	ErrTooManyUserConns:   {class: ClassCapacity, message: "the login has no connection left", remedy: remedyUser},
	ErrUserLimit:          {class: ClassCapacity, safeText: true, remedy: remedyUser},
	errHostBlocked: {class: ClassCapacity, message: "the server blocks this host after too many connection" +
		" errors", remedy: remedyBlocked},
	errCantCreateThread: {class: ClassCapacity, message: "the server cannot create a thread", remedy: remedyRoom},
	errDiskFull:         {class: ClassCapacity, message: "the server's disk is full", remedy: remedyRoom},
	errTableFull:        {class: ClassCapacity, message: "the table or its tablespace is full", remedy: remedyRoom},
	errOutOfMemory:      {class: ClassCapacity, message: "the server is out of memory", remedy: remedyRoom},
	errOutOfSortMemory: {class: ClassCapacity, message: "the server is out of sort memory",
		remedy: "raise the server's sort_buffer_size"},
	errOutOfResources: {class: ClassCapacity, message: "the server is out of resources", remedy: remedyRoom},

	errReadOnlyTx: {class: ClassFailover, message: "the session is read-only",
		remedy: "write to the primary server"},
	errReadOnlyMode: {class: ClassFailover, message: "the server is in read-only mode",
		remedy: "write to the primary server"},
	errInnoDBReadOnly: {class: ClassFailover, message: "innodb is in read-only mode",
		remedy: "write to the primary server"},
	errOpenAsReadOnly: {class: ClassFailover, message: "the table is read-only", remedy: "write to the primary server"},
	// 1015 and 1290 are failover only where the text says read-only: see infoByText.
	errOptionPrevents: {class: ClassConfiguration, safeText: true,
		remedy: "change the server option that the message names"},

	errPacketTooLarge: {class: ClassSplit, message: "the statement is larger than the server's max_allowed_packet",
		remedy: "raise max_allowed_packet on the server"},
	errLockTableFull: {class: ClassSplit,
		message: "the statement takes more locks than the server's lock table holds"},
	errTooManyMarkers: {class: ClassSplit, message: "the statement has too many placeholders"},

	ErrDuplicateEntry: {class: ClassRowData, message: "another row already holds this value of a unique key",
		remedy: remedyUnique},
	errBadNull: {class: ClassRowData, message: "a column that cannot be NULL got a NULL",
		remedy: "make the target column nullable, or correct the row at the source"},
	errOutOfRange:    {class: ClassRowData, message: "value out of range", remedy: remedyValue},
	ErrDataTruncated: {class: ClassRowData, message: "value does not fit and would be cut", remedy: remedyValue},
	errWrongValue: {class: ClassRowData, message: "value cannot be read as the column's type",
		remedy: remedyValue},
	errInvalidCharacters: {class: ClassRowData, message: "string is not valid in its character set",
		remedy: remedyValue},
	errNoDefault: {class: ClassRowData, message: "a target column without a default gets no value",
		remedy: "give the target column a default or make it nullable"},
	errWrongValueForField: {class: ClassRowData,
		message: "value cannot be stored in the column's type or character set", remedy: remedyValue},
	errIllegalValue:      {class: ClassRowData, message: "illegal value for the type", remedy: remedyValue},
	errDataTooLong:       {class: ClassRowData, message: "value too long", remedy: remedyValue},
	errWrongValueForType: {class: ClassRowData, message: "value cannot be read as the type", remedy: remedyValue},
	errBadGeometry:       {class: ClassRowData, message: "value is not a geometry", remedy: remedyValue},
	errRowIsReferenced: {class: ClassRowData, message: "a row of the target that has to make way is referred to" +
		" by another table", remedy: "drop the foreign key that refers to the target, or set uniqueConflicts: fail"},
	ErrForeignKey: {class: ClassRowData,
		message: "a foreign key of the target has no parent row for this value",
		remedy:  "sync the parent table first, or drop the foreign key on the target"},
	ErrNumericRange: {class: ClassRowData, message: "the result of an expression is out of range",
		remedy: remedyValue},
	errInvalidJSON: {class: ClassRowData, message: "value is not valid JSON", remedy: remedyValue},
	errCheckViolated: {class: ClassRowData, message: "a check of the target refuses the row",
		remedy: "drop the check on the target, or correct the row at the source"},
	errConstraintFailed: {class: ClassRowData, message: "a check of the target refuses the row",
		remedy: "drop the check on the target, or correct the row at the source"},
	ErrCannotConvert: {class: ClassRowData, message: "string has characters that the column's character set" +
		" does not have", remedy: remedyValue},
	ErrSubqueryRows: {class: ClassRowData, message: "another row already holds this value of a unique key",
		remedy: remedyUnique},

	errDBAccessDenied:     {class: ClassConfiguration, safeText: true, remedy: remedyGrant},
	ErrAccessDenied:       {class: ClassConfiguration, safeText: true, remedy: remedyLogin},
	ErrAccessDeniedNoPass: {class: ClassConfiguration, safeText: true, remedy: remedyLogin},
	ErrHostNotAllowed:     {class: ClassConfiguration, safeText: true, remedy: remedyLogin},
	errAuthProtocol:       {class: ClassConfiguration, safeText: true, remedy: remedyLogin},
	errMustChangePassword: {class: ClassConfiguration, message: "the login's password has expired",
		remedy: "set a new password"},
	ErrPasswordExpired: {class: ClassConfiguration, message: "the login's password has expired",
		remedy: "set a new password"},
	ErrAccountLocked:      {class: ClassConfiguration, safeText: true, remedy: "unlock the account"},
	ErrMariaAccountLocked: {class: ClassConfiguration, safeText: true, remedy: "unlock the account"},
	errNoDB: {class: ClassConfiguration, message: "a function or a table is named without its database",
		remedy: remedyNoDB},
	errUnknown: {class: ClassConfiguration, message: "the server, or the cluster or proxy before it," +
		" forbids the statement", remedy: remedyForbidden},
	ErrUserBlocked:  {class: ClassConfiguration, safeText: true, remedy: remedyBlockedUser},
	ErrPasswordLock: {class: ClassConfiguration, safeText: true, remedy: remedyBlockedUser},
	ErrBadDB: {class: ClassConfiguration, safeText: true,
		remedy: "create the database, or correct its name"},
	ErrBadField: {class: ClassConfiguration, safeText: true,
		remedy: "the table's columns changed: plan the run again"},
	ErrParse: {class: ClassConfiguration, message: "the server does not understand a statement of ours",
		remedy: "report it with the server's version"},
	ErrTableAccessDenied:  {class: ClassConfiguration, safeText: true, remedy: remedyGrant},
	ErrColumnAccessDenied: {class: ClassConfiguration, safeText: true, remedy: remedyGrant},
	ErrNoSuchTable:        {class: ClassConfiguration, safeText: true, remedy: "create the table, or correct its name"},
	errViewInvalid:        {class: ClassConfiguration, safeText: true, remedy: "correct the view"},
	errUnknownVariable:    {class: ClassConfiguration, safeText: true, remedy: "use a server version that has it"},
	ErrSpecificAccess:     {class: ClassConfiguration, safeText: true, remedy: remedyGrant},
	ErrUnknownTimeZone:    {class: ClassConfiguration, safeText: true, remedy: "load the server's time zone tables"},
	errBinlogFormat: {class: ClassConfiguration, message: "binlog_format=STATEMENT does not allow writes in" +
		" READ COMMITTED", remedy: "set binlog_format to ROW or MIXED on the target"},
	errSecureTransport: {class: ClassConfiguration, message: "the server accepts encrypted connections only",
		remedy: remedySecure},
}

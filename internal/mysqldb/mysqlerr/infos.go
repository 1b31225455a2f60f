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
	errOutOfSortMemory: {
		class: ClassCapacity, message: "the server is out of sort memory",
		remedy: "raise the server's sort_buffer_size",
	},
	errOutOfResources: {class: ClassCapacity, message: "the server is out of resources", remedy: remedyRoom},

	errReadOnlyTx: {
		class: ClassFailover, message: "the session is read-only",
		remedy: "write to the primary server",
	},
	errReadOnlyMode: {
		class: ClassFailover, message: "the server is in read-only mode",
		remedy: "write to the primary server",
	},
	errInnoDBReadOnly: {
		class: ClassFailover, message: "innodb is in read-only mode",
		remedy: "write to the primary server",
	},
	errOpenAsReadOnly: {class: ClassFailover, message: "the table is read-only", remedy: "write to the primary server"},
	// 1015 and 1290 are failover only where the text says read-only: see infoByText.
	errOptionPrevents: {
		class: ClassConfiguration, safeText: true,
		remedy: "change the server option that the message names",
	},

	errPacketTooLarge: {
		class: ClassSplit, message: "the statement is larger than the server's max_allowed_packet",
		remedy: "raise max_allowed_packet on the server",
	},
	errLockTableFull: {
		class:   ClassSplit,
		message: "the statement takes more locks than the server's lock table holds",
	},
	errTooManyMarkers: {class: ClassSplit, message: "the statement has too many placeholders"},

	ErrDuplicateEntry: {
		class: ClassRowData, message: "another row already holds this value of a unique key",
		remedy: remedyUnique,
	},
	errBadNull: {
		class: ClassRowData, message: "a column that cannot be NULL got a NULL",
		remedy: "make the target column nullable, or correct the row at the source",
	},
	errOutOfRange:    {class: ClassRowData, message: "value out of range", remedy: remedyValue},
	ErrDataTruncated: {class: ClassRowData, message: "value does not fit and would be cut", remedy: remedyValue},
	errWrongValue: {
		class: ClassRowData, message: "value cannot be read as the column's type",
		remedy: remedyValue,
	},
	errInvalidCharacters: {
		class: ClassRowData, message: "string is not valid in its character set",
		remedy: remedyValue,
	},
	errNoDefault: {
		class: ClassRowData, message: "a target column without a default gets no value",
		remedy: "give the target column a default or make it nullable",
	},
	errWrongValueForField: {
		class:   ClassRowData,
		message: "value cannot be stored in the column's type or character set", remedy: remedyValue,
	},
	errIllegalValue:      {class: ClassRowData, message: "illegal value for the type", remedy: remedyValue},
	errDataTooLong:       {class: ClassRowData, message: "value too long", remedy: remedyValue},
	errWrongValueForType: {class: ClassRowData, message: "value cannot be read as the type", remedy: remedyValue},
	errBadGeometry:       {class: ClassRowData, message: "value is not a geometry", remedy: remedyValue},
	ErrRowIsReferenced: {class: ClassRowData, message: "a row of the target that has to make way is referred to" +
		" by another table", remedy: "drop the foreign key that refers to the target, or set uniqueConflicts: fail"},
	ErrForeignKey: {
		class:   ClassRowData,
		message: "a foreign key of the target has no parent row for this value",
		remedy:  "sync the parent table first, or drop the foreign key on the target",
	},
	ErrNumericRange: {
		class: ClassRowData, message: "the result of an expression is out of range",
		remedy: remedyValue,
	},
	errInvalidJSON: {class: ClassRowData, message: "value is not valid JSON", remedy: remedyValue},
	errCheckViolated: {
		class: ClassRowData, message: "a check of the target refuses the row",
		remedy: "drop the check on the target, or correct the row at the source",
	},
	errConstraintFailed: {
		class: ClassRowData, message: "a check of the target refuses the row",
		remedy: "drop the check on the target, or correct the row at the source",
	},
	ErrCannotConvert: {class: ClassRowData, message: "string has characters that the column's character set" +
		" does not have", remedy: remedyValue},
	ErrSubqueryRows: {
		class: ClassRowData, message: "another row already holds this value of a unique key",
		remedy: remedyUnique,
	},

	errDBAccessDenied:     {class: ClassConfiguration, safeText: true, remedy: remedyGrant},
	ErrAccessDenied:       {class: ClassConfiguration, safeText: true, remedy: remedyLogin},
	ErrAccessDeniedNoPass: {class: ClassConfiguration, safeText: true, remedy: remedyLogin},
	ErrHostNotAllowed:     {class: ClassConfiguration, safeText: true, remedy: remedyLogin},
	errAuthProtocol:       {class: ClassConfiguration, safeText: true, remedy: remedyLogin},
	errMustChangePassword: {
		class: ClassConfiguration, message: "the login's password has expired",
		remedy: "set a new password",
	},
	ErrPasswordExpired: {
		class: ClassConfiguration, message: "the login's password has expired",
		remedy: "set a new password",
	},
	ErrAccountLocked:      {class: ClassConfiguration, safeText: true, remedy: "unlock the account"},
	ErrMariaAccountLocked: {class: ClassConfiguration, safeText: true, remedy: "unlock the account"},
	errNoDB: {
		class: ClassConfiguration, message: "a function or a table is named without its database",
		remedy: remedyNoDB,
	},
	errUnknown: {class: ClassConfiguration, message: "the server, or the cluster or proxy before it," +
		" forbids the statement", remedy: remedyForbidden},
	ErrUserBlocked:  {class: ClassConfiguration, safeText: true, remedy: remedyBlockedUser},
	ErrPasswordLock: {class: ClassConfiguration, safeText: true, remedy: remedyBlockedUser},
	ErrBadDB: {
		class: ClassConfiguration, safeText: true,
		remedy: "create the database, or correct its name",
	},
	ErrBadField: {
		class: ClassConfiguration, safeText: true,
		remedy: "the table's columns changed: plan the run again",
	},
	ErrParse: {
		class: ClassConfiguration, message: "the server does not understand a statement of ours",
		remedy: "report it with the server's version",
	},
	ErrTableAccessDenied:  {class: ClassConfiguration, safeText: true, remedy: remedyGrant},
	ErrColumnAccessDenied: {class: ClassConfiguration, safeText: true, remedy: remedyGrant},
	ErrNoSuchTable:        {class: ClassConfiguration, safeText: true, remedy: "create the table, or correct its name"},
	errViewInvalid:        {class: ClassConfiguration, safeText: true, remedy: "correct the view"},
	errUnknownVariable:    {class: ClassConfiguration, safeText: true, remedy: "use a server version that has it"},
	ErrSpecificAccess:     {class: ClassConfiguration, safeText: true, remedy: remedyGrant},
	ErrUnknownTimeZone:    {class: ClassConfiguration, safeText: true, remedy: "load the server's time zone tables"},
	errBinlogFormat: {class: ClassConfiguration, message: "binlog_format=STATEMENT does not allow writes in" +
		" READ COMMITTED", remedy: "set binlog_format to ROW or MIXED on the target"},
	errSecureTransport: {
		class: ClassConfiguration, message: "the server accepts encrypted connections only",
		remedy: remedySecure,
	},
}

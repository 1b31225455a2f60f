package sqlexpr

import "slices"

// statementWords belong to statements: an expression has them in a subquery, or not at all.
var statementWords = []string{
	"SELECT", "UNION", "INTERSECT", "EXCEPT", "WITH", "FROM", "WHERE", "HAVING", "LIMIT", "INTO", "OUTFILE", "DUMPFILE",
	"EXISTS", "ALL", "TABLE", "VALUES", "OVER", "WINDOW", "PROCEDURE", "INSERT", "UPDATE", "DELETE", "DROP", "ALTER",
	"CREATE", "CALL", "SET", "LOCK", "FOR", "GROUP", "ORDER", "JOIN", "DEFAULT", "PARTITION", "MATCH",
}

// momentWords are functions that need no parentheses, and give another value in each session or at each time.
var momentWords = []string{
	"CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "CURRENT_ROLE", "LOCALTIME", "LOCALTIMESTAMP",
	"UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP",
}

// operatorWords may have a parenthesis behind them, and are no functions. The types are those of a CAST.
var operatorWords = []string{
	"AND", "OR", "XOR", "NOT", "IN", "IS", "LIKE", "RLIKE", "REGEXP", "BETWEEN", "DIV", "MOD", "CASE", "WHEN", "THEN",
	"ELSE", "END", "BINARY", "COLLATE", "ESCAPE", "INTERVAL", "AS", "USING",
	"DECIMAL", "NCHAR", "VARCHAR", "DATETIME", "FLOAT", "DOUBLE",
}

// functions give the same for the same arguments, on every server and in every session of ours, whose time zone is
// UTC. What is not here is refused: stored functions, which may do anything, have no other mark.
var functions = []string{
	"ABS", "ACOS", "ASCII", "ASIN", "ATAN", "ATAN2", "BIN", "BIN_TO_UUID", "BIT_COUNT", "BIT_LENGTH", "CAST",
	"CEIL", "CEILING", "CHAR", "CHARACTER_LENGTH", "CHAR_LENGTH", "COALESCE", "CONCAT", "CONCAT_WS", "CONV",
	"CONVERT", "COS", "COT", "CRC32", "DATE", "DATEDIFF", "DATE_ADD", "DATE_SUB", "DAY", "DAYOFMONTH", "DAYOFWEEK",
	"DAYOFYEAR", "DEGREES", "ELT", "EXP", "FIELD", "FIND_IN_SET", "FLOOR", "FROM_DAYS", "FROM_UNIXTIME", "GREATEST",
	"HEX", "HOUR", "IF", "IFNULL", "INET6_ATON", "INET6_NTOA", "INET_ATON", "INET_NTOA", "INSTR", "ISNULL",
	"JSON_CONTAINS", "JSON_EXTRACT", "JSON_LENGTH", "JSON_TYPE", "JSON_UNQUOTE", "JSON_VALID", "JSON_VALUE",
	"LAST_DAY", "LCASE", "LEAST", "LEFT", "LENGTH", "LN", "LOCATE", "LOG", "LOG10", "LOG2", "LOWER", "LPAD",
	"LTRIM", "MAKEDATE", "MAKETIME", "MD5", "MICROSECOND", "MID", "MINUTE", "MONTH", "NULLIF", "OCT",
	"OCTET_LENGTH", "ORD", "PERIOD_ADD", "PERIOD_DIFF", "PI", "POSITION", "POW", "POWER", "QUARTER", "QUOTE",
	"RADIANS", "REPEAT", "REPLACE", "REVERSE", "RIGHT", "ROUND", "RPAD", "RTRIM", "SECOND", "SEC_TO_TIME", "SHA",
	"SHA1", "SHA2", "SIGN", "SIN", "SPACE", "SQRT", "STRCMP", "STR_TO_DATE", "SUBSTR", "SUBSTRING",
	"SUBSTRING_INDEX", "TAN", "TIME", "TIMESTAMP", "TIMESTAMPADD", "TIMESTAMPDIFF", "TIME_TO_SEC", "TO_DAYS",
	"TO_SECONDS", "TRIM", "TRUNCATE", "UCASE", "UNHEX", "UNIX_TIMESTAMP", "UPPER", "UUID_TO_BIN", "WEEKDAY", "YEAR",
}

// Functions are the names of the functions that an expression may have.
func Functions() []string { return slices.Clone(functions) }

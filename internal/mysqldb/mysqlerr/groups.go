package mysqlerr

// errorGroup is the info of many error numbers: the condition that they share, and the remedy. For a
// number in both, [errorInfos] counts.
type errorGroup struct {
	errorInfo
	// numbers are numbers and ranges, such as "1004 1010-1012".
	numbers string
}

func group(i errorInfo, numbers string) errorGroup { return errorGroup{i, numbers} }

const (
	remedyDamaged = "run CHECK TABLE on the server, then REPAIR TABLE or ALTER TABLE ... FORCE, or restore the table"
	remedyTrigger = "look at SHOW TRIGGERS and the routines that they call: correct them, or the row at the source"
	remedyPart    = "add a partition that takes the value, or correct the row at the source"
	remedyDDL     = "create or alter the target by hand, so that it takes the source's rows"
	remedyFiles   = "see the server's error log, and the owner and the mode of its data folder"
	remedyKeys    = "see that the server's keyring is loaded and has the key, and its error log"
	remedyGroup   = "see the server's replication state: the primary, the group's members and its settings"
	remedyRefused = "look the number up in the server's error reference, change what it names, then run again"
)

// errorGroups are, after [errorInfos], the numbers of MySQL 5.7 to 9.7 and MariaDB 10.3 to 11.8.
// The first group with a number counts; the other numbers are in refusedRanges. Where the servers use
// a number for different things, its class is right for both.
//
// testdata/errornumbers.txt lists every number with its class, and a test compares them.
var errorGroups = []errorGroup{
	// What passes by itself.
	group(info(ClassRetry, "the server closes connections, or goes away", ""), "1077-1080 1152 1184 3168 3169"),
	group(info(ClassRetry, "the network to the server is in trouble", ""), "1155-1157"),
	group(info(ClassRetry, "the server is in offline mode", ""), "3032 6400"),
	group(info(ClassRetry, "the proxy before the server cannot reach it", ""), "9001"),
	group(info(ClassRetry, "the server rolled the transaction back", ""), "1402 1613 1614 1622 1964 3197"),
	group(info(ClassRetry, "another session holds a lock", ""), "1689 3058 3132 3133 3572"),
	group(info(ClassRetry, "the server asks to try again", ""), "1297 6141"),
	group(info(ClassRetry, "the group of servers waits or changes its primary", ""), "3781-3783 3797 3798 4094"),
	group(info(ClassRetry, "the server is being cloned", ""), "3633 3634 3874"),

	// What needs room.
	group(info(ClassCapacity, "the server is out of memory", remedyRoom), "3015 3044 3950 4081 4082"),
	group(info(ClassCapacity, "the server's disk, undo log or temporary space is full", remedyRoom), "1878 3019 3675"),
	group(info(ClassCapacity, "the server is out of locks, transactions or statement handles", remedyRoom),
		"1461 1637 3985 6411"),
	group(info(ClassSplit, "the transaction is larger than the server's binary log or group takes",
		"raise max_binlog_cache_size, or the group's transaction size limit, or lower chunkRows"), "1197 1705 3231"),
	group(info(ClassSplit, "the statement needs more memory than the server gives its parser",
		"raise parser_max_mem_size on the server"), "3186"),

	// The number does not say whether the condition passes: retried for a bounded time.
	group(info(ClassUnknown, "the server's handshake was disturbed", remedyLogin), "1042 1043"),
	group(info(ClassUnknown, "the server could not commit or roll back", remedyFiles), "1180 1181"),
	group(info(ClassUnknown, "the server's storage engine, or a file of it, is in trouble", remedyFiles), systemErrors),
	group(info(ClassUnknown, "the index could not be added beside so many writes",
		"raise innodb_online_alter_log_max_size"), "1799"),

	// Rows.
	group(info(ClassRowData, "a trigger or a routine of the target refuses the row (SIGNAL)", remedyTrigger),
		"1642-1646 4208"),
	group(info(ClassRowData, "the target has no partition for the row's value", remedyPart),
		"1526 1591 1737 1748 4127"),
	group(info(ClassRowData, "another row already holds this value of a unique key", remedyUnique),
		"1022 1169 1569 1586 1761 1762 1859"),
	group(info(ClassRowData, "a foreign key of the target refuses the row",
		"sync the parent table first, or drop the foreign key on the target"), "1216 1217"),
	group(info(ClassRowData, "a column that cannot be NULL got a NULL",
		"make the target column nullable, or correct the row at the source"), "1263 3673"),
	group(info(ClassRowData, "the row has too few or too many values", remedyValue), "1261 1262"),
	group(info(ClassRowData, "a view of the target refuses the row", "write to a table instead of a view"), "1369"),
	group(info(ClassRowData, "an expression of the target has no result for this row", remedyValue),
		"1365 1441 3020 3045-3054 3513 3514 4074 6527"),
	group(info(ClassRowData, "value cannot be stored in the column's type or character set", remedyValue),
		"1162 1256-1259 1299 1301 1525 1575 1916-1922 1958 1977 3904 3907 3912 3987 3988 3995 4122"),
	group(info(ClassRowData, "value does not fit into an index on an expression", remedyValue),
		"3751 3752 3903 3905 3906 3908"),
	group(info(ClassRowData, "value is not a geometry that the column takes", remedyValue),
		"3033-3043 3055 3122 3134 3516 3520 3521 3548 3616-3618 3643 3682 3704-3706 3726 3727 3731 3732 3741-3744 "+
			"3882 4032-4034 4048-4050 4076"),
	group(info(ClassRowData, "value is not JSON that the column takes", remedyValue),
		"3069-3072 3141-3151 3155-3158 3665 3666 3669 3853 3934 3966 3967 4035-4040"),
	group(info(ClassRowData, "value is not a vector that the column takes", remedyValue), "4203 4204 6136-6138"),

	// What a person has to change.
	group(info(ClassConfiguration, "the server refuses the login", remedyLogin),
		"1131-1133 1275 1699 1873 3640 3891 3892 3922 3923 6126 6127"),
	group(shown(ClassConfiguration, remedyGrant), "1095 1211 1370 1979 3530 3552-3557 3566 3620 3630 3879 3880 6038"),
	group(info(ClassConfiguration, "a firewall, an audit or a policy on the server refuses the statement",
		"allow the login's statements there"), "3164 6444 6544 6557 6558 6561"),
	group(shown(ClassConfiguration, "create what is missing, or correct its name"),
		"1051 1082 1109 1128 1176 1177 1284 1286 1305 1360 1477 1507 1630 1735 1932 3003 3503 3615 4031 4091 4092"),
	group(info(ClassConfiguration, "a view, trigger, routine or its definer does not work any more", remedyTrigger),
		"1303 1304 1306-1314 1318-1328 1330-1339 1357 1363 1407 1413-1415 1418 1419 1421 1422 1424 1435 1442-1450 "+
			"1453 1454 1456 1458 1460 1462 1584 1603-1606 1710 1711 1746 1765 3011 3012 3512 4005 4006"),
	group(info(ClassConfiguration, "the server cannot run a plugin, a component or a loaded function",
		"install it on the server, or take it out of the table"),
		"1122-1127 1289 1429-1433 1476 1524 1721 3161 3167 3200 3527-3541 3877 3889 3890 4182 4185"),
	group(info(ClassConfiguration, "the table or an index of it is damaged", remedyDamaged),
		"1032-1035 1194 1195 1340-1344 1455 1459 1602 1682 1696 1707 1712 1728 1805 1817 1863 1877 1880 3000 3506 "+
			"3508 3509"),
	group(info(ClassConfiguration, "the table's file or tablespace is missing, discarded or in the way", remedyFiles),
		"1808 1809 1812-1814 1816 1860 3119-3121 3510 3604-3607 3629 3642 3678-3681 3913"),
	group(info(ClassConfiguration, "the server cannot encrypt or decrypt the table", remedyKeys),
		"3183-3185 3187 3188 3198 3201-3203 3784-3794 3801 3805-3811 3824-3833"),
	group(info(ClassConfiguration, "the table has no primary key, and the server demands one",
		"give the table a primary key"), "1173 3098 3750"),
	group(info(ClassConfiguration, "the database is read-only",
		"run ALTER SCHEMA ... READ ONLY = 0, or write to another database"), "3989"),
	group(info(ClassConfiguration, "the server runs with innodb_force_recovery, or without its redo log",
		"restore the server to normal running"), "1881 3983"),
	group(info(ClassConfiguration, "the server's replication, binary log or group forbids the statement", remedyGroup),
		"1099 1100 1188-1192 1198-1202 1218 1223 1236 1518 1534 1593 1598 1609 1610 1661-1664 1666 1667 1679 1685 "+
			"1694 1729 1756 1766-1790 1794 1837-1844 1871 1872 1884 1885 1934-1956 1966 3001 3017 3021 3030 3056 "+
			"3074-3086 3091-3099 3111-3117 3129 3138 3139 3173 3176 3190 3191 3663 3725 3745-3748 3796 3799 3910-3919"),
	group(info(ClassConfiguration, "the server does not allow LOAD DATA LOCAL",
		"set local_infile on the server, or tuning: { bulkLoad: false } for the table"), "1148 3948 4166"),
	group(info(ClassConfiguration, "the read is larger than the server's max_join_size",
		"raise max_join_size on the server"), "1104"),
	group(info(ClassConfiguration, "the server's stack is too small for the statement",
		"raise thread_stack on the server"), "1119 1436"),
	group(info(ClassConfiguration, "the target's AUTO_INCREMENT or sequence has no value left",
		"widen the column, or set the counter back"), "1467 4084"),
	group(info(ClassConfiguration, "a generated column of the target would be written",
		"run again: the target's columns have changed"), "1906 3105"),
	group(shown(ClassConfiguration, "use a setting that this server has"),
		"1115 1210 1229-1234 1238 1273 1649 1766 1838 3579 3976 4063"),
	group(info(ClassConfiguration, "the server refuses the table's definition", remedyDDL),
		"1005 1006 1008 1059-1061 1063 1067-1075 1089-1091 1101-1103 1113 1116-1118 1121 1138 1163 1164 1166-1168 "+
			"1170 1171 1214 1215 1239 1252 1280 1283 1291 1293 1294 1425-1427 1439 1464 1470 1478-1517 1519-1523 "+
			"1527-1533 1553 1562-1567 1572 1628-1636 1652-1660 1680 1687 1688 1709 1713 1725 1726 1731-1736 1740 "+
			"1757 1764 1793 1795-1798 1818 1821-1834 1845-1857 1861 1886 1901-1912 1967 1978 3013 3014 3060 "+
			"3102-3104 3106-3110 3174 3175 3178 3192 3193 3500 3502 3504 3505 3522 3603 3622 3644 3723 "+
			"3728-3734 3753-3776 3780 3800 3812-3823 3837 3855 3886 3939-3941 3959 3978 4047 4083 "+
			"4110-4113 4119-4143 4144 4158-4162 4169-4174 4184 6122 6123 6125 6134"),

	// Notes about a statement, not about its rows: as warnings they stop nothing.
	group(info(ClassConfiguration, "the server refuses what it otherwise warns of", remedyRefused), notes),
}

package target_test

import (
	"strings"
)

// longName is as long as a name can be.
var longName = strings.Repeat("x", 64)

// oddNames are names that have to be quoted.
var oddNames = []stranger{
	{
		name: "select",
		make: []string{
			"CREATE TABLE T (`key` INT PRIMARY KEY, `order` INT, `new` INT, `values` INT, `group` INT, KEY " +
				"`index` (`order`))",
			"INSERT INTO `select` VALUES (1, 2, 3, 4, 5)",
		},
	},
	{
		name: "new", cursor: "new",
		make: []string{
			"CREATE TABLE T (incoming INT PRIMARY KEY, new DATETIME NOT NULL, KEY new (new))",
			"INSERT INTO new VALUES (1, '2024-01-01')",
		},
	},
	{
		name: "a `tick`",
		make: []string{
			"CREATE TABLE T (`a ``b``` INT PRIMARY KEY, `c'd\"e` INT, `f\\g` INT, KEY `i ``j``` (`c'd\"e`))",
			"INSERT INTO `a ``tick``` VALUES (1, 2, 3)",
		},
	},
	{
		name: "dots.and spaces",
		make: []string{
			"CREATE TABLE T (`a.b` INT PRIMARY KEY, `c d` VARCHAR(9), `-- e` INT, `%s ? :x` INT, UNIQUE KEY " +
				"`k.1 2` (`c d`))",
			"INSERT INTO `dots.and spaces` VALUES (1, 'x', 3, 4)",
		},
	},
	{
		name: "größe_日本",
		make: []string{
			"CREATE TABLE T (`schlüssel` INT PRIMARY KEY, `値` INT, KEY `größe` (`値`), CONSTRAINT `prüf` CHECK " +
				"(`値` > 0))",
			"INSERT INTO `größe_日本` VALUES (1, 2)",
		},
	},
	{
		name: longName,
		make: []string{
			"CREATE TABLE T (" + longName + " INT PRIMARY KEY, " + strings.Repeat(
				"y", 64,
			) + " INT, KEY " + longName + " (" + strings.Repeat("y", 64) + "))",
			"INSERT INTO " + longName + " VALUES (1, 2)",
		},
	},
	{
		name: strings.Repeat("ü", 64),
		make: []string{
			"CREATE TABLE T (`" + strings.Repeat("日", 64) + "` INT PRIMARY KEY)",
			"INSERT INTO `" + strings.Repeat("ü", 64) + "` VALUES (1)",
		},
	},
	{
		name: "1",
		make: []string{
			"CREATE TABLE T (`1` INT PRIMARY KEY, `2e3` INT, `0x41` INT)", "INSERT INTO `1` VALUES (1, 2, 3)",
		},
	},
	{
		name: "MixedCase",
		make: []string{
			"CREATE TABLE T (Id INT PRIMARY KEY, userID INT, KEY ByUser (USERID))",
			"INSERT INTO MixedCase VALUES (1, 2)",
		},
	},
	{
		name: "one_row",
		make: []string{
			"CREATE TABLE T (one INT PRIMARY KEY, t INT, c INT, found INT)",
			"INSERT INTO one_row VALUES (1, 2, 3, 4)",
		},
	},
	{
		name: "my_row_id",
		make: []string{
			"CREATE TABLE T (my_row_id INT PRIMARY KEY, DB_ROW_ID_ INT)", "INSERT INTO my_row_id VALUES (1, 2)",
		},
	},
}

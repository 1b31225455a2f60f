package mysqldb

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

var (
	mysql9    = Server{Flavor: FlavorMySQL, Major: 9, Minor: 7}
	mysql8018 = Server{Flavor: FlavorMySQL, Major: 8, Patch: 18}
	maria1011 = Server{Flavor: FlavorMariaDB, Major: 10, Minor: 11}
)

func TestUpsertStatements(t *testing.T) {
	target := &Table{
		Name: table.Name{Schema: "dw", Table: "orders"},
		Columns: []Column{
			{Column: table.Column{Name: "id", Kind: table.KindInt}},
			{Column: table.Column{Name: "at", Kind: table.KindDateTime}},
			{Column: table.Column{Name: "mail", Kind: table.KindString, Collation: "utf8mb4_bin"}},
			{Column: table.Column{Name: "e", Kind: table.KindEnum}},
		},
		PrimaryKey: []string{"id"},
	}
	spec := UpsertSpec{Target: target, Columns: target.Values(), Cursor: "at"}
	p, err := newUpsertPlan(mysql9, spec)
	require.NoError(t, err)
	require.Equal(t, "INSERT INTO `dw`.`orders` (`id`, `at`, `mail`, `e`) VALUES ", string(p.head))
	guard := "IF(new.`at` >= `orders`.`at` OR `orders`.`at` IS NULL, "
	require.Equal(t, " AS new ON DUPLICATE KEY UPDATE "+
		"`orders`.`mail` = "+guard+"new.`mail`, `orders`.`mail`), "+
		"`orders`.`e` = "+guard+"new.`e` + 0, `orders`.`e` + 0), "+
		"`orders`.`at` = "+guard+"new.`at`, `orders`.`at`)", string(p.tail))

	target.Indexes = []Index{{Name: "PRIMARY", Unique: true}, {Name: "u", Unique: true}}
	spec.Cursor = ""
	for _, s := range []Server{maria1011, mysql8018} {
		p, err = newUpsertPlan(s, spec)
		require.NoError(t, err)
		require.Equal(t, " ON DUPLICATE KEY UPDATE "+
			"`orders`.`id` = IF(`orders`.`id` <=> VALUES(`id`) OR (SELECT 1 UNION SELECT 2), `orders`.`id`, `orders`.`id`), "+
			"`orders`.`at` = VALUES(`at`), `orders`.`mail` = VALUES(`mail`), `orders`.`e` = VALUES(`e`) + 0", string(p.tail))
	}
	target.Indexes = nil
	target.PrimaryKey = []string{"mail", "id"}
	spec.Columns = spec.Columns[:3]
	spec.Cursor = "id" // a part of the key says nothing of age
	p, err = newUpsertPlan(maria1011, spec)
	require.NoError(t, err)
	require.Equal(t, " ON DUPLICATE KEY UPDATE `orders`.`mail` = VALUES(`mail`), `orders`.`at` = VALUES(`at`)", string(p.tail))

	target.PrimaryKey = nil
	_, err = newUpsertPlan(maria1011, spec)
	require.ErrorContains(t, err, "no primary key")
	target.PrimaryKey = []string{"e"}
	_, err = newUpsertPlan(maria1011, spec)
	require.ErrorContains(t, err, "the source does not have, column e")
	spec.Columns = []table.Column{{Name: "nowhere", Kind: table.KindInt}}
	_, err = newUpsertPlan(maria1011, spec)
	require.ErrorContains(t, err, "no column that takes it, column nowhere")
	require.True(t, IsPermanent(err))
}

func TestRowsAreOrderedAsNumbersAndTheNewestKept(t *testing.T) {
	p := &upsertPlan{
		columns: []table.Column{{Kind: table.KindInt}, {Kind: table.KindDecimal}, {Kind: table.KindDateTime}},
		key:     []int{0, 1}, cursor: 2,
	}
	rows := table.NewRows(3)
	for _, r := range [][3]string{
		{"10", "1.50", "2024-01-02"},
		{"9", "1.50", "2024-01-02"},
		{"-9", "1.50", "2024-01-02"},
		{"-10", "1.50", "2024-01-02"},
		{"9", "10.50", "2024-01-02"},
		{"9", "-1.50", "2024-01-02"},
		{"10", "1.50", "2024-01-01"},
		{"9", "1.50", "2024-01-03"},
	} {
		for _, v := range r {
			rows.Append([]byte(v))
		}
	}
	require.Equal(t, []int32{3, 2, 5, 7, 4, 0}, p.orderRows(rows))
}

func TestGrantsAreReadAsTheServersPrintThem(t *testing.T) {
	on := table.Name{Schema: "dw_1", Table: "orders"}
	for line, want := range map[string]bool{
		"GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION":                                           true,
		"GRANT SELECT, INSERT, UPDATE ON `dw_1`.* TO 'u'@'%'":                                                   true,
		"GRANT INSERT ON `dw\\_1`.* TO `u`@`%`":                                                                 true,
		"GRANT INSERT ON `dw%`.* TO `u`@`%` IDENTIFIED BY PASSWORD '*94BDCEBE19083CE2A1F959FD02F964C7AF4CFC29'": true,
		"GRANT INSERT, SELECT (`a`, `b`), UPDATE ON `dw_1`.`orders` TO `u`@`%`":                                 true,
		"GRANT SELECT, INSERT (`a`, `b )`), UPDATE ON `dw_1`.`orders` TO `u`@`%`":                               false,
		"GRANT INSERT ON `dw_1`.`other` TO `u`@`%`":                                                             false,
		"GRANT INSERT ON `dw\\_2`.* TO `u`@`%`":                                                                 false,
		"GRANT USAGE ON *.* TO `u`@`%`":                                                                         false,
		"GRANT SELECT ON *.* TO `u`@`%`":                                                                        false,
		"GRANT PROXY ON ''@'' TO 'root'@'localhost' WITH GRANT OPTION":                                          false,
		"GRANT EXECUTE ON PROCEDURE `dw_1`.`p` TO `u`@`%`":                                                      false,
		"GRANT `writer`@`%` TO `u`@`%`":                                                                         false,
		"SET DEFAULT ROLE `writer` FOR `u`@`%`":                                                                 false,
		"GRANT INSERT ON `dw_1`.* TO `writer`":                                                                  true,
		"GRANT INSERT ON `dw_1`.* TO PUBLIC":                                                                    true,
	} {
		var g grants
		g.read(line)
		require.Equal(t, want, g.surely("INSERT", on), line)
		require.False(t, g.unknown, line)
	}
	var g grants
	g.read("REVOKE INSERT ON `dw`.* FROM `u`@`%`")
	require.True(t, g.unknown)
	g = grants{}
	g.read("GRANT CREATE ON `dw_1`.* TO `u`@`%`")
	require.False(t, g.surely("CREATE", anywhere))
	require.True(t, g.surely("CREATE", table.Name{Schema: "dw_1"}))
}

func TestCollationsAreTranslatedToTheNearest(t *testing.T) {
	have := collations{
		"utf8mb4": {
			"utf8mb4_bin": true, "utf8mb4_nopad_bin": true, "utf8mb4_general_ci": true, "utf8mb4_unicode_ci": true,
			"utf8mb4_unicode_520_ci": true, "utf8mb4_unicode_520_nopad_ci": true,
		},
		"utf8": {"utf8_general_ci": true, "utf8_bin": true}, "latin1": {"latin1_bin": true, "latin1_swedish_ci": true},
	}
	for _, c := range []struct {
		charset, collation string
		key, raw           bool
		want               translated
	}{
		{"utf8mb4", "utf8mb4_general_ci", true, false, translated{"utf8mb4", "utf8mb4_general_ci", false}},
		{"utf8mb3", "utf8mb3_general_ci", true, false, translated{"utf8", "utf8_general_ci", false}},
		{"utf8mb4", "utf8mb4_0900_ai_ci", false, false, translated{"utf8mb4", "utf8mb4_unicode_520_nopad_ci", true}},
		{"utf8mb4", "utf8mb4_0900_ai_ci", true, false, translated{"utf8mb4", "utf8mb4_nopad_bin", true}},
		{"utf8mb4", "utf8mb4_0900_as_cs", false, false, translated{"utf8mb4", "utf8mb4_bin", true}},
		{"utf8mb4", "utf8mb4_0900_bin", false, false, translated{"utf8mb4", "utf8mb4_nopad_bin", true}},
		{"latin1", "latin1_german9_ci", true, false, translated{"utf8mb4", "utf8mb4_nopad_bin", true}},
		{"gb18030", "gb18030_chinese_ci", false, false, translated{"utf8mb4", "utf8mb4_unicode_520_ci", true}},
	} {
		got, err := have.translate(c.charset, c.collation, c.key, c.raw)
		require.NoError(t, err)
		require.Equal(t, c.want, got, c.collation)
	}
	_, err := have.translate("gb18030", "gb18030_chinese_ci", false, true)
	require.ErrorIs(t, err, errNoCharset)
}

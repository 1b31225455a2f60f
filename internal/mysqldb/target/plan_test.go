package target

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/table"
)

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
		require.Equal(t, want, g.has("INSERT", on), line)
		require.False(t, g.unknown, line)
	}
	var g grants
	g.read("REVOKE INSERT ON `dw`.* FROM `u`@`%`")
	require.True(t, g.unknown)
	g = grants{}
	g.read("GRANT CREATE ON `dw_1`.* TO `u`@`%`")
	require.False(t, g.has("CREATE", anywhere))
	require.True(t, g.has("CREATE", table.Name{Schema: "dw_1"}))
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

package upsert

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

var (
	mysql9    = mysqldb.Server{Flavor: mysqldb.FlavorMySQL, Major: 9, Minor: 7}
	mysql8018 = mysqldb.Server{Flavor: mysqldb.FlavorMySQL, Major: 8, Patch: 18}
	maria1011 = mysqldb.Server{Flavor: mysqldb.FlavorMariaDB, Major: 10, Minor: 11}
)

func TestUpsertStatements(t *testing.T) {
	target := &schema.Table{
		Name: table.Name{Schema: "dw", Table: "orders"},
		Columns: []schema.Column{
			{Column: table.Column{Name: "id", Kind: table.KindInt}},
			{Column: table.Column{Name: "at", Kind: table.KindDateTime}},
			{Column: table.Column{Name: "mail", Kind: table.KindString, Collation: "utf8mb4_bin"}},
			{Column: table.Column{Name: "e", Kind: table.KindEnum}},
		},
		PrimaryKey: []string{"id"},
	}
	spec := Spec{Target: target, Columns: target.Values(), Cursor: "at"}
	p, err := newPlan(mysql9, spec)
	require.NoError(t, err)
	require.Equal(t, "INSERT INTO `dw`.`orders` (`id`, `at`, `mail`, `e`) VALUES ", string(p.head))
	guard := "IF(new.`at` >= `orders`.`at` OR `orders`.`at` IS NULL, "
	require.Equal(t, " AS new ON DUPLICATE KEY UPDATE "+
		"`orders`.`mail` = "+guard+"new.`mail`, `orders`.`mail`), "+
		"`orders`.`e` = "+guard+"new.`e` + 0, `orders`.`e` + 0), "+
		"`orders`.`at` = "+guard+"new.`at`, `orders`.`at`)", string(p.tail))

	target.Indexes = []schema.Index{{Name: "PRIMARY", Unique: true}, {Name: "u", Unique: true}}
	spec.Cursor = ""
	for _, s := range []mysqldb.Server{maria1011, mysql8018} {
		p, err = newPlan(s, spec)
		require.NoError(t, err)
		require.Equal(t, " ON DUPLICATE KEY UPDATE "+
			"`orders`.`id` = IF(`orders`.`id` <=> VALUES(`id`) OR (SELECT 1 UNION SELECT 2), `orders`.`id`, "+
			"`orders`.`id`), "+
			"`orders`.`at` = VALUES(`at`), `orders`.`mail` = VALUES(`mail`), `orders`.`e` = VALUES(`e`) + 0",
			string(p.tail))
	}
	target.Indexes = nil
	target.PrimaryKey = []string{"mail", "id"}
	spec.Columns = spec.Columns[:3]
	spec.Cursor = "id" // a part of the key says nothing of age
	p, err = newPlan(maria1011, spec)
	require.NoError(t, err)
	require.Equal(
		t, " ON DUPLICATE KEY UPDATE `orders`.`mail` = VALUES(`mail`), `orders`.`at` = VALUES(`at`)", string(p.tail),
	)

	target.PrimaryKey = nil
	_, err = newPlan(maria1011, spec)
	require.ErrorContains(t, err, "no primary key")
	target.PrimaryKey = []string{"e"}
	_, err = newPlan(maria1011, spec)
	require.ErrorContains(t, err, "the source does not have, column e")
	spec.Columns = []table.Column{{Name: "nowhere", Kind: table.KindInt}}
	_, err = newPlan(maria1011, spec)
	require.ErrorContains(t, err, "no column that takes it, column nowhere")
	require.True(t, mysqlerr.IsPermanent(err))
}

func TestRowsAreOrderedAsNumbersAndTheNewestKept(t *testing.T) {
	p := &plan{
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

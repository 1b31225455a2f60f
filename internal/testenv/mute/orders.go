package mute

import (
	"fmt"
	"strings"

	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Orders is an ordinary table of about 150 bytes a row, with a primary key and one more index.
var Orders = &schema.Table{
	Name: table.Name{Schema: "shop", Table: "orders"},
	Columns: []schema.Column{
		{Column: table.Column{Name: "id", Type: "bigint unsigned", Kind: table.KindUint, Bits: 64}},
		{Column: text("customer", "varchar(60)", false)},
		{Column: table.Column{
			Name: "status", Type: "enum('new','paid','sent')", Kind: table.KindEnum,
			Members: []string{"new", "paid", "sent"},
		}},
		{Column: table.Column{Name: "amount", Type: "decimal(12,2)", Kind: table.KindDecimal, Precision: 12, Scale: 2}},
		{Column: text("note", "varchar(200)", true)},
		{Column: table.Column{Name: "created_at", Type: "datetime", Kind: table.KindDateTime}},
		{Column: table.Column{Name: "updated_at", Type: "timestamp(6)", Kind: table.KindTimestamp, Precision: 6}},
	},
	PrimaryKey: []string{"id"},
	Indexes: []schema.Index{
		{Name: "PRIMARY", Unique: true, Columns: []schema.IndexColumn{{Column: "id"}}},
		{Name: "by_update", Columns: []schema.IndexColumn{{Column: "updated_at"}}},
	},
}

func text(name, sqlType string, nullable bool) table.Column {
	return table.Column{
		Name: name, Type: sqlType, Kind: table.KindString, Charset: "utf8mb4", Collation: "utf8mb4_0900_ai_ci",
		Nullable: nullable,
	}
}

// OrderRows are the first n rows of Orders, in the order of ids.
func OrderRows(n int) *table.Rows {
	rows := table.NewRows(len(Orders.Columns))
	for id := 1; id <= n; id++ {
		for _, text := range orderTexts(id) {
			rows.Append(text)
		}
	}
	return rows
}

// orderTexts are the values of the row with that id; nil is NULL.
func orderTexts(id int) [][]byte {
	note := fmt.Appendf(nil, "%s, ring twice — größte Sorgfalt", strings.Repeat("x", id*131%40))
	if id%7 == 0 {
		note = nil
	}
	return [][]byte{
		fmt.Appendf(nil, "%d", id), fmt.Appendf(nil, "customer %d of the %d", id%9973, id*31%1000),
		[]byte([]string{"new", "paid", "sent"}[id%3]),
		fmt.Appendf(nil, "%d.%02d", id*7919%100_000, id%100), note,
		fmt.Appendf(nil, "2024-%02d-%02d %02d:%02d:%02d", id%12+1, id%28+1, id%24, id%60, id*7%60),
		fmt.Appendf(nil, "2026-01-01 00:%02d:%02d.%06d", id/1_000_000%60, id/100_000%60, id%1_000_000),
	}
}

package survey

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/mysqldb/schema"
	"github.com/tablehaul/tablehaul/internal/table"
)

func text(name string, nullable bool) schema.Column {
	return schema.Column{Column: table.Column{Name: name, Kind: table.KindString, Length: 40, Nullable: nullable}}
}

// What init proposes is a comment; where a person takes it, the file is still right.
func TestProposalsAreSettingsThatWork(t *testing.T) {
	shop := &schema.Table{
		PrimaryKey: []string{"id"}, RowsEstimate: 100, Bytes: 1 << 20,
		Indexes: []schema.Index{{Name: "u", Unique: true, Columns: []schema.IndexColumn{{Column: "user_email"}}}},
		Columns: []schema.Column{
			{Column: table.Column{Name: "id", Kind: table.KindInt}},
			text("user_email", false), text("Email", false), text("phone_no", true), text("emailed", true),
			text("password_hash", true), text("api_key", false), text("last_name", true), text("filename", true),
			{Column: table.Column{Name: "date_of_birth", Kind: table.KindDate}},
			{Column: table.Column{Name: "email_count", Kind: table.KindInt}},
			{Column: table.Column{Name: "photo", Kind: table.KindBytes, Length: 1<<32 - 1}},
		},
	}
	got := propose(shop, "updated_at")
	require.Equal(t, []string{
		"rows have 10 KiB on average; to leave wide columns out: columns: { exclude: [photo] }",
		"by their names, columns may hold personal data; to mask them: columns: { mask: { Email: hmac, " +
			"phone_no: last4, password_hash: null, api_key: empty, last_name: hmac, date_of_birth: year } }, with " +
			"maskKey: ${MASK_KEY}",
	}, got)
	shop.Bytes = 100 << 10
	require.Len(t, propose(shop, "Email"), 1, "the cursor has no mask, and rows are not wide")
	require.Contains(t, propose(shop, "")[0], "write: replace")

	found := look("shop.people", func(s *Table) { s.Cursor, s.Proposals = "updated_at", got })
	yaml := (&Result{Server: "mysql 8", Tables: []*Table{found}}).YAML(testSetup)
	require.Contains(t, yaml, "  # proposal: rows have 10 KiB")
	_, proposal, _ := strings.Cut(got[1], "columns: { mask:")
	mask, _, _ := strings.Cut(proposal, ", with")
	taken := yaml + "    columns: { exclude: [photo], mask:" + mask + "\n    maskKey: ${MASK_KEY}\n"
	taken = strings.Replace(taken, testSetup.Target.DSN, "${DW}", 1)
	_, err := config.Load(strings.NewReader(taken), func(string) string { return "u:p@tcp(h:3306)/ a long secret" })
	require.NoError(t, err, taken)
}

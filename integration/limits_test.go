package integration_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/compare"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

const longAgo = "TIMESTAMP(6) NOT NULL DEFAULT '2024-01-01 00:00:00'"

// The most columns that InnoDB has in a table.
func TestTableOf1017Columns(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{source: s, defaults: ", tuning: { chunkRows: 10 }"})
		var names, ddl []string
		for i := range 1015 {
			names = append(names, fmt.Sprintf("c%d", i))
			ddl = append(ddl, fmt.Sprintf("c%d INT", i))
		}
		exec(t, p.src, "CREATE TABLE t (id INT PRIMARY KEY, "+strings.Join(ddl, ", ")+", updated_at "+
			longAgo+", KEY (updated_at))")
		for row := range 24 {
			values := make([]string, len(names))
			for i := range values {
				values[i] = fmt.Sprint(row*1000 + i)
				if (i+row)%7 == 0 {
					values[i] = "NULL"
				}
			}
			exec(t, p.src, fmt.Sprintf("INSERT INTO t (id, %s) VALUES (%d, %s)", strings.Join(names, ", "), row,
				strings.Join(values, ", ")))
		}
		require.EqualValues(t, 24, p.sync("t").Inserted)
		exec(t, p.src, "UPDATE t SET c1014 = -1, updated_at = '2024-06-01' WHERE id < 15")
		r, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-02-01"})
		require.NoError(t, err)
		require.EqualValues(t, 15, r.Updated)
		p.equal("t", []string{"id"}, append(names, "updated_at")...)
	})
}

// Keys of 16 columns, which is the most there can be, and 3,072 bytes: 16 × 48 characters of
// four bytes; then one of 3,072 arbitrary bytes. Pages and ranges go by these keys.
func TestLargestKeys(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := start(t, options{
			source: s, defaults: ", tuning: { chunkRows: 10, pageRows: 7, rangeRows: 20 }",
			tables: "- { name: FROM.wide, target: TO.wide, cursor: updated_at }\n- { name: FROM.long, target: " +
				"TO.long, cursor: updated_at }",
		})
		var key, ddl []string
		for i := range 16 {
			key = append(key, fmt.Sprintf("k%d", i))
			ddl = append(ddl, fmt.Sprintf("k%d VARCHAR(48) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL", i))
		}
		// no index on the cursor: with such a key in it, none fits into a page of InnoDB
		exec(t, p.src, "CREATE TABLE wide ("+strings.Join(ddl, ", ")+", v INT, updated_at "+longAgo+", PRIMARY KEY ("+
			strings.Join(key, ", ")+"))",
			"CREATE TABLE `long` (k VARBINARY(3072) PRIMARY KEY, v INT, updated_at "+longAgo+")")
		for row := range 60 {
			// rows differ in the last character of the last column only
			values := make([]string, 16)
			for i := range values {
				values[i] = "REPEAT('😀', 48)"
			}
			values[15] = "'" + strings.Repeat("😀", 47) + string(rune(0x1F600+row)) + "'"
			exec(t, p.src, fmt.Sprintf("INSERT INTO wide (%s, v) VALUES (%s, %d)", strings.Join(key, ", "),
				strings.Join(values, ", "), row),
				fmt.Sprintf("INSERT INTO `long` (k, v) VALUES (CONCAT(REPEAT(UNHEX('FF00'), 1535), UNHEX('%04X')), %d)",
					row*1000, row))
		}
		exec(t, p.src, "ANALYZE TABLE wide, `long`")
		for name, c := range map[string][]string{"wide": key, "long": {"k"}} {
			require.EqualValues(t, 60, p.sync(name).Inserted)
			exec(t, p.src, "UPDATE `"+name+"` SET v = -v, updated_at = '2024-06-01' WHERE v > 10")
			r, err := p.try(workflows.SyncTableInput{Table: p.table(name), From: "2024-02-01"})
			require.NoError(t, err)
			require.EqualValues(t, 49, r.Updated)
			require.Equal(t, "-59", scalar(t, p.dst, "SELECT MIN(v) FROM `"+name+"`"))
			p.equal(name, c, append(c, "v", "updated_at")...)
		}
	})
}

// awkward makes a name of 64 characters out of everything that quoting can get wrong. MySQL's
// names have no characters beyond the basic plane, so the emoji is one of those within.
func awkward(kind string) string {
	name := []rune("`" + kind + `'"` + "``" + `. ☺; DROP TABLE t;-- ${HOME} \%s ? /*é*/ ` + "`.`t")
	for len(name) < 64 {
		name = append(name, 'x')
	}
	return string(name[:64])
}

func quoted(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// schema makes a database of the test's own with that name.
func schemaNamed(t *testing.T, s *servers.Server, name string) {
	t.Helper()
	admin := s.DB(t, "")
	exec(t, admin, "DROP DATABASE IF EXISTS "+quoted(name), "CREATE DATABASE "+quoted(name))
	t.Cleanup(func() {
		cleaner, err := sql.Open("mysql", s.DSN(""))
		require.NoError(t, err)
		defer func() { require.NoError(t, cleaner.Close()) }()
		_, err = cleaner.ExecContext(context.Background(), "DROP DATABASE "+quoted(name))
		require.NoError(t, err)
	})
}

// Names are names, with any characters in them: of schemas, tables, columns and indexes.
func TestAwkwardNames(t *testing.T) {
	t.Parallel()
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		once := strings.ToLower(rand.Text()[:8]) // start replaces "TO"; a state workflow is found by its name
		from, to := table.Name{Schema: awkward(once), Table: awkward("orders")},
			table.Name{Schema: awkward("to" + once), Table: awkward("copy")}
		id, cursor, value := awkward("id"), awkward("cursor"), awkward("value")
		schemaNamed(t, s, from.Schema)
		schemaNamed(t, s, to.Schema)
		p := start(t, options{source: s, tables: fmt.Sprintf("- { name: %q, target: %q, cursor: %q }",
			escaped(from.String()), escaped(to.String()), escaped(cursor))})
		exec(t, p.src, "CREATE TABLE t (id INT PRIMARY KEY)")
		name := quoted(from.Schema) + "." + quoted(from.Table)
		exec(t, p.src, fmt.Sprintf("CREATE TABLE %s (%s INT PRIMARY KEY, %s VARCHAR(64), %s %s, KEY %s (%s, %s))", name,
			quoted(id), quoted(value), quoted(cursor), longAgo, quoted(awkward("index")), quoted(cursor),
			quoted(value)))
		for i := range 30 {
			exec(t, p.src, fmt.Sprintf("INSERT INTO %s (%s, %s) VALUES (%d, 'v%d')", name, quoted(id), quoted(value), i,
				i))
		}
		equal := func() {
			report, err := compare.Tables(t.Context(), compare.Side{DB: p.src, Schema: from.Schema, Table: from.Table},
				compare.Side{DB: p.dst, Schema: to.Schema, Table: to.Table},
				compare.Options{Key: []string{id}, Columns: []string{id, value, cursor}})
			require.NoError(t, err)
			require.True(t, report.Equal(), report.String())
		}
		r, err := p.try(workflows.SyncTableInput{Table: from.String()})
		require.NoError(t, err, p.pending(workflows.SyncTableID(p.queue, from.String())))
		require.EqualValues(t, 30, r.Inserted)
		equal()
		exec(t, p.src, fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s INT NOT NULL DEFAULT 7", name,
			quoted(awkward("more"))),
			fmt.Sprintf("UPDATE %s SET %s = 'changed', %s = '2024-06-01' WHERE %s < 9", name, quoted(value),
				quoted(cursor), quoted(id)))
		r, err = p.try(workflows.SyncTableInput{Table: from.String(), From: "2024-02-01"})
		require.NoError(t, err)
		require.EqualValues(t, 9, r.Updated)
		equal()
		require.Equal(t, "0", scalar(t, p.src, "SELECT COUNT(*) FROM t"), "it is still there")
		require.Empty(t, p.staged())
	})
}

// escaped keeps the configuration from reading ${…} as a variable.
func escaped(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// A row that the target's packets cannot hold is refused by its key's hash; one just below goes.
func TestRowLargerThanAPacket(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			small := servers.Private(t, flavor, "--max-allowed-packet=1M")
			p := start(t, options{source: servers.MySQL(t), target: small})
			exec(t, p.src, "CREATE TABLE t (id INT PRIMARY KEY, b LONGBLOB, updated_at "+longAgo+")",
				"INSERT INTO t (id, b) VALUES (1, REPEAT(UNHEX('00FF'), 250000)), (2, 'small'), (3, REPEAT('y', "+
					"1000000))")
			require.EqualValues(t, 3, p.sync("t").Inserted)
			p.equal("t", []string{"id"}, "b", "updated_at")
			before := p.state("t").Watermark

			exec(t, p.src, "INSERT INTO t (id, b, updated_at) VALUES (4, REPEAT('sentinel', 200000), '2024-06-01'), "+
				"(5, 'small', '2024-06-01')")
			_, err := p.try(workflows.SyncTableInput{Table: p.table("t"), From: "2024-02-01"})
			requireFailure(t, err, failure.RowRejected, "max_allowed_packet", "hash")
			require.NotContains(t, err.Error(), "sentinel")
			require.Equal(t, before, p.state("t").Watermark)
			require.Equal(t, "3", scalar(t, p.dst, "SELECT COUNT(*) FROM t"), "nothing of the chunk")
		})
	}
}

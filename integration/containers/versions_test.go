package containers

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/compare"
)

// createT makes a table whose columns every version has.
const createT = `CREATE TABLE %s.t (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(60) CHARACTER SET utf8mb4 NOT NULL,
  amount DECIMAL(12,2) NULL,
  bits DOUBLE NULL,
  raw VARBINARY(20) NULL,
  kind ENUM('new','sent') NOT NULL,
  document JSON NULL,
  day DATE NULL,
  updated_at TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6),
  KEY (updated_at))`

// fillT makes 4,096 rows, all of them updated in 2024.
const fillT = `INSERT INTO %[1]s.t (name, amount, bits, raw, kind, document, day, updated_at)
  VALUES ('größte 😀', 12.34, 0.1, x'00ff27', 'sent', '{"a": [1, null]}', '2024-02-29', '2024-03-01 00:00:00');
` + double + double + double + double + double + double + double + double + double + double + double + double +
	"UPDATE %[1]s.t SET updated_at = '2024-03-01 00:00:00' + INTERVAL id SECOND"

const double = `INSERT INTO %[1]s.t (name, amount, bits, raw, kind, document, day, updated_at)
  SELECT CONCAT(name, id), amount + id, bits * 3, NULL, 'new', document, day, updated_at FROM %[1]s.t WHERE CHAR_LENGTH(name) < 50;
`

var columnsT = []string{"name", "amount", "bits", "raw", "kind", "day", "updated_at"}

// TestEveryVersionIsSourceAndTarget syncs every version of the environment into the next one, the
// last into the first: a first load and an incremental run of each, by one worker.
func TestEveryVersionIsSourceAndTarget(t *testing.T) {
	t.Parallel()
	images := databaseImages()
	require.GreaterOrEqual(t, len(images), 2, "TABLEHAUL_TEST_IMAGES names fewer than two images")
	w := newWorld(t)
	databases := make([]*database, len(images))
	var starts sync.WaitGroup
	for i, image := range images {
		starts.Go(func() { databases[i] = w.database(image, fmt.Sprintf("db%d", i)) })
	}
	starts.Wait()
	require.NotContains(t, databases, (*database)(nil), "a server did not start")

	config := "connections:\n"
	for _, d := range databases {
		config += d.connection()
	}
	config += "staging: { url: \"file:///var/lib/tablehaul\" }\ndefaults: { overlap: 2s, minLag: 0s, tuning: { " +
		"chunkRows: 1000 } }\ntables:\n"
	for i, d := range databases {
		next := databases[(i+1)%len(databases)]
		config += fmt.Sprintf("  - { name: from%d.t, target: to%[1]d.t, cursor: updated_at, sourceConnection: %s, "+
			"targetConnection: %s }\n", i, d.alias, next.alias)
		w.exec(d, fmt.Sprintf("CREATE DATABASE from%d", i), fmt.Sprintf(createT, fmt.Sprintf("from%d", i)),
			fmt.Sprintf(fillT, fmt.Sprintf("from%d", i)))
		w.exec(next, fmt.Sprintf("CREATE DATABASE to%d", i))
	}
	worker := w.worker(config, databases...)
	for i, d := range databases {
		next := databases[(i+1)%len(databases)]
		t.Run(fmt.Sprintf("%s into %s", d.version, next.version), func(t *testing.T) {
			w := *w
			w.t = t
			from, to := fmt.Sprintf("from%d", i), fmt.Sprintf("to%d", i)
			code, out := w.tablehaul(worker, "run", from+".t")
			require.Zero(t, code, out)
			require.Contains(t, out, "4,096 inserted")
			w.exec(d, "UPDATE "+from+".t SET kind = 'sent' WHERE id % 100 = 0",
				"INSERT INTO "+from+".t (name, kind) VALUES ('another', 'new')")
			code, out = w.tablehaul(worker, "run", from+".t")
			require.Zero(t, code, out)
			report, err := compare.Tables(t.Context(), compare.Side{DB: d.DB, Schema: from, Table: "t"},
				compare.Side{DB: next.DB, Schema: to, Table: "t"},
				compare.Options{Key: []string{"id"}, Columns: columnsT})
			require.NoError(t, err)
			require.True(t, report.Equal(), report.String())
			require.EqualValues(t, 4097, report.Rows)
		})
	}
}

package scene

import (
	"context"
	"database/sql"
	"fmt"
)

// HistoryList is the length of a server's history list: of undo that was not purged yet.
func HistoryList(ctx context.Context, db *sql.DB) (n int64, err error) {
	const query = "SELECT `count` FROM information_schema.innodb_metrics WHERE name = 'trx_rseg_history_len'"
	if err := db.QueryRowContext(ctx, query).Scan(&n); err != nil {
		return 0, fmt.Errorf("read the length of the history list: %w", err)
	}
	return n, nil
}

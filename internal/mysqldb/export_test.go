package mysqldb

import "context"

// OthersPresent is crowd.present for tests of another package.
func OthersPresent(ctx context.Context, d *DB, sent int) bool { return d.crowd.present(ctx, d, sent) }

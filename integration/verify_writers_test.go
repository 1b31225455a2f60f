package integration_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/workflows"
)

// begin lets writers write and runs run until stop is called.
func (v *verifyPlay) begin() (stop func()) {
	ctx, cancel := context.WithCancel(v.t.Context())
	var all sync.WaitGroup
	failed := make(chan error, 8)
	for part := range 3 {
		random := rand.New(rand.NewPCG(v.random.Uint64(), 1))
		all.Go(func() {
			for ctx.Err() == nil {
				if err := v.transaction(ctx, random, part); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Go(func() {
		for ctx.Err() == nil {
			if _, err := v.try(workflows.SyncTableInput{Table: v.table("t")}); err != nil {
				failed <- err
				return
			}
			pause(ctx, poll)
		}
	})
	return func() {
		cancel()
		all.Wait()
		close(failed)
		for err := range failed {
			require.NoError(v.t, err)
		}
	}
}

// transaction changes a few of the rows that belong to a writer: n % 3 is its number.
func (v *verifyPlay) transaction(ctx context.Context, random *rand.Rand, part int) error {
	whole := context.WithoutCancel(ctx)
	tx, err := v.src.BeginTx(whole, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // of one that has ended
	gone, back := map[int]bool{}, map[int]bool{}
	for range 1 + random.IntN(4) {
		n := []int{changing, changing, coming, restored}[random.IntN(4)] + part + 3*random.IntN(ofEach/3)
		var refused *mysql.MySQLError
		err := v.change(whole, tx, random, n, gone, back)
		if errors.As(err, &refused) && (refused.Number == 1205 || refused.Number == 1213) {
			return tx.Rollback()
		}
		if err != nil {
			return err
		}
	}
	if random.IntN(4) == 0 {
		pause(ctx, time.Duration(random.IntN(300))*time.Millisecond)
	}
	if random.IntN(10) == 0 {
		return tx.Rollback()
	}
	v.mu.Lock()
	for n := range gone { // before others see it
		v.away[n] = append(v.away[n], span{from: time.Now()})
	}
	v.mu.Unlock()
	if err := tx.Commit(); err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for n := range back {
		v.away[n][len(v.away[n])-1].to = time.Now()
	}
	return nil
}

// change changes one row. gone and back are those that the transaction has deleted and inserted, all in all.
func (v *verifyPlay) change(
	ctx context.Context, tx *sql.Tx, random *rand.Rand, n int, gone, back map[int]bool,
) error {
	v.mu.Lock()
	spans := v.away[n]
	v.mu.Unlock()
	away := (len(spans) > 0 && spans[len(spans)-1].to.IsZero() || gone[n]) && !back[n]
	var query string
	switch {
	case n < coming || !away && n < restored && random.IntN(2) == 0:
		query = fmt.Sprintf("UPDATE t SET v = 'v%d' WHERE %s", random.IntN(1000), v.where(n))
	case !away:
		query = "DELETE FROM t WHERE " + v.where(n)
		if delete(back, n); !slices.Contains(slices.Collect(maps.Keys(gone)), n) && (len(spans) == 0 ||
			!spans[len(spans)-1].to.IsZero()) {
			gone[n] = true
		}
	case n >= restored:
		query = v.insert(n)
	default:
		query = fmt.Sprintf("INSERT INTO t VALUES (%s, %d, 'again', 1, NOW(6))", v.kind.sql(n), n)
	}
	if away {
		if gone[n] {
			delete(gone, n)
		} else {
			back[n] = true
		}
	}
	_, err := tx.ExecContext(ctx, query)
	return err
}

package bystanders

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"
)

// A server that answers nothing for a while is noticed by every operation that is due meanwhile.
func TestOperationsDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		from, to := time.Now().Add(10*time.Millisecond), time.Now().Add(60*time.Millisecond)
		g := Start(t.Context(), []Operation{{"source read", func(context.Context) error {
			if now := time.Now(); !now.Before(from) && now.Before(to) {
				time.Sleep(to.Sub(now))
			}
			return nil
		}}}, Interval)
		time.Sleep(101 * time.Millisecond)
		r := g.Stop()
		require.NoError(t, r.Err)
		require.Equal(t, 21, r.All.Operations)
		require.Equal(t, r.All, r.Source)
		require.Equal(t, 50*time.Millisecond, r.All.Max)
		slow := 0
		for _, d := range g.times["source read"] {
			if d > 0 {
				slow++
			}
		}
		require.Equal(t, 10, slow, "those due within 50 ms")
	})
}

// Where all connections wait, an operation is not done, and counts with the second that it has waited.
func TestAnOperationWithoutAConnectionIsNotDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := Start(t.Context(), []Operation{{"target update", func(context.Context) error {
			time.Sleep(10*time.Second + 50*time.Millisecond)
			return &mysql.MySQLError{Number: 1205}
		}}}, 100*time.Millisecond)
		time.Sleep(10*time.Second + 70*time.Millisecond)
		r := g.Stop()
		require.NoError(t, r.Err)
		require.Equal(t, 1, r.Locked(), "the first of 16 has ended")
		require.Equal(t, 76, r.All.Operations)
		require.Equal(t, time.Second, r.All.P50)
		require.Equal(t, 10*time.Second+50*time.Millisecond, r.All.Max)
	})
}

func TestATableThatIsNotThereYetIsNoError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		g := Start(t.Context(), []Operation{{"target read", func(context.Context) error {
			if n++; n == 1 {
				return &mysql.MySQLError{Number: noSuchTable}
			}
			return errors.New("lost")
		}}}, Interval)
		time.Sleep(Interval + time.Millisecond)
		r := g.Stop()
		require.EqualError(t, r.Err, "lost")
		require.Equal(t, 1, r.All.Operations)
	})
}

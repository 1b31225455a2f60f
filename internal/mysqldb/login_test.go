package mysqldb_test

import (
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// loginDSN is the server's DSN for another login, written user:password.
func loginDSN(s *servers.Server, login string) string {
	dsn := s.DSN("")
	return login + dsn[strings.Index(dsn, "@"):]
}

// failedLogins is how often the server has refused a login so far.
func failedLogins(t *testing.T, db *sql.DB) int {
	t.Helper()
	var name, value string
	require.NoError(
		t, db.QueryRowContext(t.Context(), "SHOW GLOBAL STATUS LIKE 'Aborted_connects'").Scan(&name, &value),
	)
	n, err := strconv.Atoi(value)
	require.NoError(t, err)
	return n
}

// concurrently runs f by many at the same time, and returns their errors.
func concurrently(many int, f func() error) []error {
	errs := make([]error, many)
	var all sync.WaitGroup
	for i := range many {
		all.Go(func() { errs[i] = f() })
	}
	all.Wait()
	return errs
}

// A password that was changed is tried once, by one, for any number of connections; no account
// is locked by it.
func TestARefusedLoginIsRememberedAndTriedByOne(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			s := servers.Private(t, flavor)
			p := dbtest.NewProvoker(t, s)
			limits := ""
			if flavor == servers.FlavorMySQL {
				limits = "FAILED_LOGIN_ATTEMPTS 3 PASSWORD_LOCK_TIME UNBOUNDED"
			}
			login := p.Login(limits, "SELECT ON "+p.Schema+".*")
			var secret atomic.Value
			secret.Store(login)
			o := mysqldb.Options{Name: "shop", MaxOpen: 16, ReloadDSN: func() (string, error) {
				return loginDSN(s, secret.Load().(string)), nil
			}}
			var pools []*mysqldb.DB
			for _, role := range []mysqldb.Role{mysqldb.Source, mysqldb.Target} {
				o.Role = role
				db, err := mysqldb.Open(t.Context(), loginDSN(s, login), o)
				require.NoError(t, err)
				t.Cleanup(func() { require.NoError(t, db.Close()) })
				pools = append(pools, db)
			}
			dbtest.Exec(t, p.Admin, "ALTER USER "+p.Schema+"@'%' IDENTIFIED BY 'other'")
			for _, db := range pools { // connections that are open stay logged in
				db.SetMaxIdleConns(0)
			}
			before := failedLogins(t, p.Admin)
			for range 3 {
				for _, err := range concurrently(60, func() error { return pools[0].PingContext(t.Context()) }) {
					require.Equal(t, uint16(1045), mysqlerr.NumberOf(err), "%v", err)
					require.True(t, mysqlerr.IsPermanent(err))
					require.Contains(t, mysqlerr.Describe(err).Remedy, "tried again within 60 s, by one connection")
				}
				for _, err := range concurrently(60, func() error {
					_, err := mysqldb.Open(t.Context(), loginDSN(s, login), o)
					return err
				}) {
					require.Equal(t, uint16(1045), mysqlerr.NumberOf(err), "%v", err)
				}
			}
			require.LessOrEqual(t, failedLogins(t, p.Admin)-before, 1)

			// A changed secret is tried at once, and all pools go on with it.
			secret.Store(p.Schema + ":other")
			for _, db := range pools {
				require.Eventually(t, func() bool { return db.PingContext(t.Context()) == nil }, dbtest.Soon,
					100*time.Millisecond)
			}
			require.LessOrEqual(t, failedLogins(t, p.Admin)-before, 1)
		})
	}
}

// Where the secret was changed on both sides, no client notices.
func TestARotatedSecretIsReadAgainWhenTheLoginIsRefused(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewProvoker(t, s)
		login := p.Login("", "SELECT ON "+p.Schema+".*")
		var asked atomic.Int64
		db, err := mysqldb.Open(t.Context(), loginDSN(s, login),
			mysqldb.Options{Name: "shop", ReloadDSN: func() (string, error) {
				asked.Add(1)
				return loginDSN(s, p.Schema+":other"), nil
			}})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		require.Zero(t, asked.Load(), "a good login needs no other")
		dbtest.Exec(t, p.Admin, "ALTER USER "+p.Schema+"@'%' IDENTIFIED BY 'other'")
		db.SetMaxIdleConns(0)
		for _, err := range concurrently(20, func() error { return db.PingContext(t.Context()) }) {
			if err != nil { // it came between the refusal and the new secret
				require.Equal(t, uint16(1045), mysqlerr.NumberOf(err))
			}
		}
		require.NoError(t, db.PingContext(t.Context()))
		require.EqualValues(t, 1, asked.Load())
	})
}

// A login's limit bounds the pools that use it, for any maxConnections.
func TestPoolsFollowTheServersLimits(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewProvoker(t, s)
		login := p.Login("WITH MAX_USER_CONNECTIONS 6", "SELECT ON "+p.Schema+".*")
		var pools []*mysqldb.DB
		for _, role := range []mysqldb.Role{mysqldb.Source, mysqldb.Target} {
			db, err := mysqldb.Open(
				t.Context(), loginDSN(s, login), mysqldb.Options{Name: "shop", Role: role, MaxOpen: 16},
			)
			require.NoError(t, err)
			t.Cleanup(func() { _ = db.Close() })
			require.Equal(t, 6, db.Server.MaxUserConnections)
			pools = append(pools, db)
		}
		work := func(db *mysqldb.DB) func() error {
			return func() error {
				var zero int
				return db.QueryRowContext(t.Context(), "SELECT SLEEP(0.05)").Scan(&zero)
			}
		}
		for _, db := range pools {
			require.Equal(t, 2, db.Stats().MaxOpenConnections)
			for _, err := range concurrently(20, work(db)) {
				require.NoError(t, err)
			}
		}
		// One pool alone has the limit but for one.
		require.NoError(t, pools[1].Close())
		require.Equal(t, 5, pools[0].Stats().MaxOpenConnections)

		// Another program takes most of what the login may have.
		other, err := sql.Open("mysql", loginDSN(s, login))
		require.NoError(t, err)
		t.Cleanup(func() { _ = other.Close() })
		for range 3 {
			dbtest.Session(t, other)
		}
		var refused error
		for range 3 {
			for _, err := range concurrently(20, work(pools[0])) {
				if err != nil {
					refused = err
				}
			}
		}
		require.Error(t, refused)
		require.Equal(t, mysqlerr.ClassCapacity, mysqlerr.Classify(refused), "%v", refused)
		require.Contains(t, mysqlerr.Describe(refused).Remedy, "lower maxConnections")
		require.Less(t, pools[0].Stats().MaxOpenConnections, 5, "it did not become smaller")
		for _, err := range concurrently(20, work(pools[0])) {
			require.NoError(t, err, "it is still refused")
		}
	})
}

// A small server keeps half of its connections for others.
func TestAPoolLeavesHalfOfASmallServerToOthers(t *testing.T) {
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			s := servers.Private(t, flavor, "--max-connections=14")
			db := dbtest.Open(t, s, mysqldb.Options{MaxOpen: 100})
			require.Equal(t, 7, db.Stats().MaxOpenConnections, fmt.Sprint(db.Server.MaxConnections))
		})
	}
}

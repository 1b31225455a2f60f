package mysqldb_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// A GRANT that a message asks for can be pasted into the server: it names the account of the login.
func TestAGrantNamesTheAccount(t *testing.T) {
	t.Parallel()
	for account, want := range map[string]string{
		"reader@%": "'reader'@'%'", "a@b@10.0.0.%": "'a@b'@'10.0.0.%'", "o'brien@h": "'o''brien'@'h'", "": "the login",
	} {
		require.Equal(t, "GRANT SELECT ON *.* TO "+want, mysqldb.Server{Account: account}.Grant("SELECT", "*.*"))
	}
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		db := dbtest.WithGrants(t, s, "granted", "SELECT ON *.*")
		_, err := s.DB(t, "").ExecContext(t.Context(), db.Server.Grant("PROCESS", "*.*"))
		require.NoError(t, err)
	})
}

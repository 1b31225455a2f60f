package mysqldb_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/servers"
	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

func TestAReplicaIsRefusedWithoutOptIn(t *testing.T) {
	for flavor, setup := range map[servers.Flavor]string{
		servers.FlavorMySQL:   "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '127.0.0.1', SOURCE_PORT = 1, SOURCE_USER = 'nobody'",
		servers.FlavorMariaDB: "CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = 1, MASTER_USER = 'nobody'",
	} {
		t.Run(string(flavor), func(t *testing.T) {
			s := servers.Private(t, flavor, "--server-id=7")
			schema := s.Schema(t)
			admin := s.DB(t, schema)
			exec(t, admin, stamped, setup)
			db := open(t, s, mysqldb.Options{Name: "src"})
			tbl := introspect(t, db, schema, "t")
			spec := mysqldb.HiSpec{Table: tbl, Cursor: tbl.Column("ts").Column}
			_, err := db.ChooseHi(t.Context(), spec)
			require.ErrorIs(t, err, mysqldb.ErrReplica)
			require.NotEmpty(t, found(t, db, tbl, mysqldb.SourceCheck{Cursor: "ts"}, mysqldb.LevelRefuse))

			spec.AllowReplica = true // but it cannot say how far it is behind
			h, err := db.ChooseHi(t.Context(), spec)
			require.NoError(t, err)
			require.Empty(t, h.Hi)
			require.Equal(t, mysqldb.HolderLag, h.HeldBy.Kind)
			require.Len(t, h.Warnings, 1)
		})
	}
}

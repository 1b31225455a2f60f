package activities_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/activities"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// create is the statement that would create a table of the target.
func (r *replacing) create(tbl string) string {
	r.t.Helper()
	var name, text string
	row := r.Target.DB(r.t, r.To).QueryRowContext(r.t.Context(), "SHOW CREATE TABLE `"+tbl+"`")
	require.NoError(r.t, row.Scan(&name, &text))
	return text
}

// What the target has, and the source does not, is there after the swap: foreign keys, checks, partitions, the counter
// of AUTO_INCREMENT, comments, row format, an index of its own. Names of constraints change once where they must.
func TestTheTargetsOwnStructureIsCarried(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.AtTarget("CREATE TABLE parent (id INT PRIMARY KEY)", "INSERT INTO parent VALUES (1)",
			"CREATE TABLE t (id INT NOT NULL AUTO_INCREMENT COMMENT 'the key', v VARCHAR(20), "+
				"updated_at TIMESTAMP(6) NOT NULL, mine INT DEFAULT 1, PRIMARY KEY (id), KEY own (v), KEY (mine), "+
				"CHECK (mine >= 0), CONSTRAINT positive CHECK (mine > 0), FOREIGN KEY (mine) REFERENCES parent (id), "+
				"CONSTRAINT named FOREIGN KEY (mine) REFERENCES "+
				"parent (id)) AUTO_INCREMENT = 7777 ROW_FORMAT = COMPRESSED COMMENT 'mine, and not theirs'")
		before := r.create("t")
		require.True(t, r.replaced().Kept)
		once := r.create("t")
		for _, part := range []string{
			"COMMENT 'the key'", "KEY `own` (`v`)", "AUTO_INCREMENT=7777", "ROW_FORMAT=COMPRESSED",
			"COMMENT='mine, and not theirs'", "`t_ibfk_1` FOREIGN KEY", "`t_ibfk_named` FOREIGN KEY", "CHECK",
		} {
			require.Contains(t, once, part)
		}
		require.Equal(t, strings.Count(before, "CONSTRAINT"), strings.Count(once, "CONSTRAINT"))
		if s.Flavor == servers.FlavorMariaDB {
			require.Contains(t, once, "CONSTRAINT `positive` CHECK")
		} else {
			require.Contains(t, once, "CONSTRAINT `t_chk_positive` CHECK")
		}
		require.True(t, r.replaced().Kept)
		require.Equal(t, once, r.create("t"), "nothing changes from then on")
		require.Equal(t, []string{"250"}, dbtest.Texts(t, s.DB(t, r.To), "SELECT COUNT(*) FROM t WHERE mine = 1"))
	})
}

// Partitions are carried, indexes are built after the load where the table's settings say so, and a name of 64
// characters is cut.
func TestALongNameAndPartitionsAreCarried(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		long := strings.Repeat("x", 64)
		r.settings.Target.Table, r.settings.IndexesAfterLoad = long, table.IndexesAfterLoad
		r.AtTarget("CREATE TABLE " + long + " (id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL, " +
			"KEY own (v), UNIQUE KEY both_of (id, v)) PARTITION BY RANGE (id) " +
			"(PARTITION low VALUES LESS THAN (100), PARTITION high VALUES LESS THAN MAXVALUE)")
		partitions := regexp.MustCompile(`(?s)PARTITION BY.*`)
		before := r.create(long)
		plan, in := r.begun()
		require.Equal(t, 1, plan.IndexesLater)
		require.NotContains(t, r.create(table.ReplacementOf(r.settings.Target).Load.Table), "`own`")
		var found activities.CheckReplacementResult
		require.NoError(t, r.step("CheckReplacement", r.loaded(plan, in), &found))
		require.True(t, r.swap(in).Kept)
		require.Equal(t, partitions.FindString(before), partitions.FindString(r.create(long)))
		require.Contains(t, r.create(long), "KEY `own` (`v`)")
		require.Equal(t, "250 31125", r.rows(long))
		require.Len(t, strings.Fields(r.tables()), 2)
	})
}

// A target that is replaced follows a column that becomes wider however large it is: what is altered is the table
// beside it, which is empty.
func TestAReplacedTargetOfAnySizeFollowsAWiderColumn(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		r := newReplacing(t, s)
		r.settings.Schema.MaxCopyRows = 1
		r.AtSource("ALTER TABLE t ADD COLUMN n INT")
		r.replaced()
		r.AtTarget("ANALYZE TABLE t")
		r.AtSource("ALTER TABLE t MODIFY n BIGINT")
		require.True(t, r.replaced().Kept)
		require.Contains(t, r.create("t"), "`n` bigint")
	})
}

// The next run brings all values: a plan of a target that is replaced advises no backfill.
func TestAReplacedTargetNeedsNoBackfill(t *testing.T) {
	s := servers.MySQL(t)
	r := newReplacing(t, s)
	r.deps.Client = &stateClient{}
	r.restart()
	r.AtSource("ALTER TABLE t MODIFY v VARCHAR(20) NOT NULL")
	r.AtTarget("CREATE TABLE t (id INT PRIMARY KEY, v VARCHAR(20), updated_at TIMESTAMP(6) NOT NULL)",
		"INSERT INTO t VALUES (1, NULL, '2024-01-01')")
	require.NotContains(t, r.findings(), "old rows hold NULL")
	r.settings.Replace = nil
	require.Contains(t, r.findings(), "old rows hold NULL")
}

// late are what others may make during a load, and the statement that drops it.
var late = map[string][2][]string{
	"a trigger": {
		{"CREATE TRIGGER mine BEFORE INSERT ON t FOR EACH ROW SET NEW.v = NEW.v"}, {"DROP TRIGGER mine"},
	},
	"a foreign key of another table": {
		{"CREATE TABLE child (id INT)", "ALTER TABLE child ADD FOREIGN KEY (id) REFERENCES t (id)"},
		{"DROP TABLE child"},
	},
}

// What a swap would take along, and others have made since the plan, is seen before the swap.
func TestWhatOthersMakeDuringALoadIsNotLostByTheSwap(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for name, c := range late {
			t.Run(name, func(t *testing.T) {
				r := newReplacing(t, s)
				r.replaced()
				in := r.checked()
				r.AtTarget(c[0]...)
				before := r.tables()
				var ignored any
				err := r.step("SwapTable", activities.SwapTableInput{RangeInput: in}, &ignored)
				requireType(t, err, failure.TableChanged)
				require.ErrorContains(t, err, "drop them")
				require.Equal(t, before, r.tables(), "nothing is renamed or dropped")
				r.AtTarget(c[1]...)
				require.True(t, r.swap(in).Kept)
			})
		}
	})
}

// What a swap would break is refused before anything is written, with the remedy.
func TestTargetsThatAreNotReplaced(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		type refused struct {
			ddl, undo []string
			says      string
		}
		cases := map[string]refused{
			"a foreign key of another table": {
				[]string{"CREATE TABLE child (id INT, FOREIGN KEY (id) REFERENCES t (id))"},
				[]string{"DROP TABLE child"},
				"child",
			},
			"a trigger": {
				[]string{"CREATE TRIGGER mine BEFORE INSERT ON t FOR EACH ROW SET NEW.v = NEW.v"},
				[]string{"DROP TRIGGER mine"},
				"triggers",
			},
		}
		if s.Flavor == servers.FlavorMariaDB {
			cases["former rows"] = refused{
				[]string{"ALTER TABLE t ADD SYSTEM VERSIONING"},
				[]string{"ALTER TABLE t DROP SYSTEM VERSIONING"},
				"SYSTEM VERSIONING",
			}
		}
		for name, c := range cases {
			t.Run(name, func(t *testing.T) {
				r := newReplacing(t, s)
				r.replaced()
				r.AtTarget(c.ddl...)
				var ignored any
				err := r.step("PlanRun", r.planInput(), &ignored)
				requireType(t, err, failure.UnsupportedTable)
				require.ErrorContains(t, err, c.says)
				r.AtTarget(c.undo...)
				r.replaced()
			})
		}
		r := newReplacing(t, s)
		in := r.planInput()
		in.From = "2024-01-01"
		var ignored any
		requireType(t, r.step("PlanRun", in, &ignored), failure.InvalidInput)
		r.settings.Deletes.Mode = "report"
		requireType(t, r.step("PlanRun", r.planInput(), &ignored), failure.UnsupportedTable)
	})
}

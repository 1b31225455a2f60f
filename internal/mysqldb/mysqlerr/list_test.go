package mysqlerr_test

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
	"github.com/tablehaul/tablehaul/internal/testenv/dbtest"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// listedError is a line of testdata/errornumbers.txt.
type listedError struct {
	number         uint16
	class          string
	mysql, mariadb string
}

func listedErrors(t *testing.T) []listedError {
	t.Helper()
	f, err := os.Open("testdata/errornumbers.txt")
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	var all []listedError
	for lines := bufio.NewScanner(f); lines.Scan(); {
		cells := strings.Split(lines.Text(), "\t")
		if strings.HasPrefix(cells[0], "#") {
			continue
		}
		require.Len(t, cells, 4, lines.Text())
		number, err := strconv.ParseUint(cells[0], 10, 16)
		require.NoError(t, err)
		all = append(all, listedError{uint16(number), cells[1], cells[2], cells[3]})
	}
	require.Greater(t, len(all), 2000)
	return all
}

// Each number that a server has for clients is in the list with a class, and the code has that
// class for it by decision: what a person has to cure fails at once and says what to do.
func TestEveryErrorNumberOfBothServersHasAClassByDecision(t *testing.T) {
	for _, e := range listedErrors(t) {
		err := serverError(e.number, "s3cret")
		require.True(t, mysqlerr.IsKnownError(e.number), "%v", e)
		require.Equal(t, e.class, mysqlerr.Classify(err).String(), "%v", e)
		p := mysqlerr.Describe(err)
		require.NotEmpty(t, p.Sentence, "%v", e)
		require.NotContains(t, p.Sentence, "not known", "%v", e)
		if mysqlerr.IsPermanent(err) || mysqlerr.Classify(err) == mysqlerr.ClassCapacity || mysqlerr.IsFailover(err) {
			require.NotEmpty(t, p.Remedy, "%v: what is a person to do?", e)
		}
	}
}

// The list is whole: a newer server's numbers have to be decided about.
func TestTheListOfErrorNumbersIsThatOfTheServer(t *testing.T) {
	listed := map[string]listedError{}
	for _, e := range listedErrors(t) {
		listed[strconv.Itoa(int(e.number))] = e
	}
	s := servers.MySQL(t)
	db := s.DB(t, "")
	numbers := dbtest.Texts(t, db, "SELECT ERROR_NUMBER FROM performance_schema.events_errors_summary_global_by_error"+
		" WHERE ERROR_NUMBER < 10000")
	require.Greater(t, len(numbers), 1500)
	for _, number := range numbers {
		require.Contains(t, listed, number)
	}
}

// Every number once from real servers: the SIGNAL of a routine, as a proxy or a newer server would
// send it.
func TestEveryErrorNumberArrivesWithItsClass(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		p := dbtest.NewProvoker(t, s)
		dbtest.Exec(t, p.Admin, "CREATE PROCEDURE say (IN number INT) SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO ="+
			" number, MESSAGE_TEXT = 's3cret'")
		for _, e := range listedErrors(t) {
			_, err := p.Target.ExecContext(t.Context(), "CALL "+p.Schema+".say(?)", e.number)
			require.Error(t, err)
			require.Equal(t, e.number, mysqlerr.NumberOf(err), "%v", err)
			require.Equal(t, e.class, mysqlerr.Classify(err).String(), "%v", e)
		}
	})
}

// A person's own SIGNAL refuses a row, with any number.
func TestASignalWithANumberOfItsOwnRefusesTheRow(t *testing.T) {
	servers.Each(t, func(t *testing.T, s *servers.Server) {
		for _, number := range []string{"1644", "31001", "1205", "2013"} {
			p := dbtest.NewProvoker(t, s)
			dbtest.Exec(t, p.Admin, "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW"+
				" SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = "+number+", MESSAGE_TEXT = 's3cret'")
			err := mysqlerr.Safe(p.Say("INSERT INTO t VALUES (3, 's3cret')"))
			require.Equal(t, mysqlerr.ClassRowData, mysqlerr.Classify(err), "%v", err)
			require.ErrorContains(t, err, "a trigger or a routine of the target refuses the row")
			require.NotContains(t, err.Error(), "s3cret")
			require.Contains(t, mysqlerr.Describe(err).Remedy, "SHOW TRIGGERS")
		}
	})
}

// What a number leaves open, its text tells.
func TestTheTextTellsWhatTheNumberLeavesOpen(t *testing.T) {
	for text, want := range map[string]struct {
		number uint16
		class  mysqlerr.Class
	}{
		"Percona-XtraDB-Cluster prohibits use of GET_LOCK with pxc_strict_mode = ENFORCING": {
			1105,
			mysqlerr.ClassConfiguration,
		},
		"target: shop.-.primary: vttablet: rpc error: code = Unavailable": {
			1105,
			mysqlerr.ClassUnknown,
		},
		"Got error 28 - 'No space left on device' from storage engine": {
			1030,
			mysqlerr.ClassCapacity,
		},
		"Got error 168 - 'Unknown (generic) error from engine' from storage engine": {
			1030,
			mysqlerr.ClassUnknown,
		},
		"Got error 122 - 'Disk quota exceeded' from storage engine": {
			1030,
			mysqlerr.ClassCapacity,
		},
		"Got error 194 \"Tablespace is missing for a table\" from storage engine InnoDB": {
			1030,
			mysqlerr.ClassConfiguration,
		},
		"Got error 146 - 'Lock timed out' from storage engine": {
			1030,
			mysqlerr.ClassRetry,
		},
		"Got error 149 - 'Lock deadlock; Retry transaction' during COMMIT": {
			1180,
			mysqlerr.ClassRetry,
		},
		"Got error 5 - 'Transaction size exceed set threshold' during COMMIT": {
			1180,
			mysqlerr.ClassSplit,
		},
		"Got error 90 \"Message too long\" during COMMIT": {
			1180,
			mysqlerr.ClassUnknown,
		},
		"Can't open file: 't' (errno: 24 - Too many open files)": {
			1016,
			mysqlerr.ClassCapacity,
		},
		"Can't create table `d`.`t` (errno: 150 \"Foreign key constraint is incorrectly formed\")": {
			1005, mysqlerr.ClassConfiguration,
		},
		"Can't create/write to file '/tmp/MY' (OS errno 13 - Permission denied)": {1, mysqlerr.ClassUnknown},
		"Can't create/write to file '/tmp/MY' (Errcode: 13 - Permission denied)": {1004, mysqlerr.ClassConfiguration},
	} {
		err := serverError(want.number, text)
		require.Equal(t, want.class, mysqlerr.Classify(err), text)
	}
}

// A number that is not known is judged by a state that means one thing only, else retried for a
// bounded time.
func TestAnUnknownNumberIsJudgedByItsState(t *testing.T) {
	for state, class := range map[string]mysqlerr.Class{
		"HY000": mysqlerr.ClassUnknown, "42000": mysqlerr.ClassUnknown, "23000": mysqlerr.ClassRowData,
		"22001": mysqlerr.ClassRowData, "28000": mysqlerr.ClassConfiguration, "40001": mysqlerr.ClassRetry,
		"08S01": mysqlerr.ClassRetry, "45000": mysqlerr.ClassRowData,
	} {
		err := &mysql.MySQLError{Number: 29999, Message: "s3cret", SQLState: [5]byte([]byte(state))}
		require.Equal(t, class, mysqlerr.Classify(err), state)
		require.NotContains(t, mysqlerr.Safe(err).Error(), "s3cret")
		if mysqlerr.IsPermanent(err) {
			require.NotEmpty(t, mysqlerr.Describe(err).Remedy, state)
		}
	}
}

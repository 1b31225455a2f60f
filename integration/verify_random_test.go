package integration_test

import (
	"crypto/md5"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/compare"
	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/internal/verify"
)

// Variables of the environment: how many random plays of verify are played, and the seed of the first.
const (
	verifyPlays = "TABLEHAUL_VERIFY_PLAYS"
	verifySeed  = "TABLEHAUL_VERIFY_SEED"
)

// Writers write, delete and insert again, and runs and comparisons go on all the time: each planted difference is found
// by each comparison, and no other row is said to differ.
//
// Who is right is known without the product. Rows that no writer touches differ as the test has planted it. Rows that
// writers only change never differ. A row that they delete and insert again, with a new cursor or as it was, may be
// called deleted, and only where it was away during the comparison. In the end both sides are compared by sorted
// queries, which must agree with the verdicts.
func TestRandomWritersAndVerify(t *testing.T) {
	t.Parallel()
	seeds := []uint64{1, 6}
	if text := os.Getenv(verifyPlays); text != "" {
		plays, err := strconv.Atoi(text)
		require.NoError(t, err)
		first := uint64(time.Now().UnixNano()) % 1_000_000
		if text := os.Getenv(verifySeed); text != "" {
			first, err = strconv.ParseUint(text, 10, 64)
			require.NoError(t, err)
		}
		seeds = nil
		for i := range uint64(plays) { //nolint:gosec // few
			seeds = append(seeds, first+i)
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			playVerify(t, seed)
		})
	}
}

// keyKind is a kind of key: its columns, and the values of the n-th key as SQL and as a list of differences has them.
type keyKind struct {
	name, columns, key string
	// respells says that a key has another spelling.
	respells bool
	sql      func(n int) string
	text     func(n int) string
}

var keyKinds = []keyKind{
	{"a number", "id INT", "id", false, strconv.Itoa, strconv.Itoa},
	{
		"text", "id VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci", "id", true,
		func(n int) string { return fmt.Sprintf("'Key %d é'", n*7919%10007) },
		func(n int) string { return fmt.Sprintf("Key %d é", n*7919%10007) },
	},
	{
		"bytes", "id BINARY(16)", "id", false,
		func(n int) string { return fmt.Sprintf("x'%x'", md5.Sum([]byte(strconv.Itoa(n)))) },
		func(n int) string { sum := md5.Sum([]byte(strconv.Itoa(n))); return string(sum[:]) },
	},
	{
		"two columns", "a VARCHAR(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, b INT", "a, b", false,
		func(n int) string { return fmt.Sprintf("'x%d', %d", n%10, n) },
		func(n int) string { return fmt.Sprintf("x%d|%d", n%10, n) },
	},
}

// The rows of a play by their numbers: those that no writer touches, that are changed only, that are deleted and
// inserted with a new cursor, and that are deleted and inserted as they were.
const (
	still, changing, coming, restored = 0, 1000, 2000, 3000
	ofEach                            = 60
)

// verifyPlay is one play.
type verifyPlay struct {
	*product
	kind    keyKind
	random  *rand.Rand
	numbers map[string]int // by a key's text

	mu sync.Mutex
	// away are the times in which a row may have been away from the source.
	away map[int][]span
}

type span struct{ from, to time.Time }

func playVerify(t *testing.T, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 13))
	both := []*servers.Server{servers.MySQL(t), servers.MariaDB(t)}
	v := &verifyPlay{
		kind: keyKinds[seed%uint64(len(keyKinds))], random: random, numbers: map[string]int{}, away: map[int][]span{},
	}
	v.product = start(t, options{
		source: both[random.IntN(2)], target: both[random.IntN(2)],
		tables:   "- { name: FROM.t, target: TO.t, cursor: updated_at, overlap: 300ms }",
		defaults: fmt.Sprintf(", tuning: { pageRows: %d, rangeRows: %d }", 1+random.IntN(50), 20+random.IntN(200)),
	})
	t.Logf("seed %d: key of %s", seed, v.kind.name)
	exec(t, v.src, fmt.Sprintf("CREATE TABLE t (%s, n INT, v VARCHAR(40), f DOUBLE, updated_at TIMESTAMP(6) NOT NULL "+
		"DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), PRIMARY KEY (%s), KEY (updated_at))",
		v.kind.columns, v.kind.key))
	for _, class := range []int{still, changing, coming, restored} {
		var rows []string
		for n := class; n < class+ofEach; n++ {
			rows = append(rows, v.row(n))
			v.numbers[v.kind.text(n)] = n
		}
		exec(t, v.src, "INSERT INTO t VALUES "+strings.Join(rows, ", "))
	}
	exec(t, v.src, "ANALYZE TABLE t")
	v.settled("t")
	planted := v.plant()
	stop := v.begin()
	for range 3 {
		v.compareOnce(planted)
	}
	stop()
	v.settled("t")
	v.agrees(v.compareOnce(planted))
}

// row is a row as it is at first: all of its values follow from its number.
func (v *verifyPlay) row(n int) string {
	return fmt.Sprintf("(%s, %d, 'v%d', %d / 7, '2024-01-01' + INTERVAL %d SECOND)", v.kind.sql(n), n, n, n, n)
}

func (v *verifyPlay) insert(n int) string { return "INSERT INTO t VALUES " + v.row(n) }

// where is the condition of one row, by its key.
func (v *verifyPlay) where(n int) string {
	return fmt.Sprintf("(%s) = (%s)", v.kind.key, v.kind.sql(n))
}

// plant makes rows of the target differ that no writer touches, and says what each is.
func (v *verifyPlay) plant() map[int]verify.Verdict {
	v.t.Helper()
	out := map[int]verify.Verdict{}
	plans := []struct {
		verdict verify.Verdict
		change  string
	}{
		{verify.Missing, "DELETE FROM t WHERE n = %d"},
		{verify.Stale, "UPDATE t SET updated_at = updated_at - INTERVAL 1 MICROSECOND WHERE n = %d"},
		{verify.Silent, "UPDATE t SET f = f + 0.0000001, updated_at = updated_at WHERE n = %d"},
		{verify.Silent, "UPDATE t SET v = NULL, updated_at = updated_at WHERE n = %d"},
		{verify.Newer, "UPDATE t SET updated_at = updated_at + INTERVAL 1 MICROSECOND WHERE n = %d"},
		{verify.Respelled, "UPDATE t SET id = UPPER(id), updated_at = updated_at WHERE n = %d"},
	}
	free := v.random.Perm(ofEach)
	for i, p := range plans {
		if p.verdict == verify.Respelled && !v.kind.respells {
			continue
		}
		for _, n := range free[i*5 : i*5+1+v.random.IntN(5)] {
			exec(v.t, v.dst, fmt.Sprintf(p.change, n))
			out[n] = p.verdict
			if p.verdict == verify.Respelled { // each spelling counts
				v.numbers[strings.ToUpper(v.kind.text(n))] = n + 500
				out[n+500] = p.verdict
			}
		}
	}
	for n := 900; n < 901+v.random.IntN(3); n++ {
		exec(v.t, v.dst, v.insert(n))
		v.numbers[v.kind.text(n)] = n
		out[n] = verify.Deleted
	}
	return out
}

// compareOnce compares once, and holds each verdict against what the test knows.
func (v *verifyPlay) compareOnce(planted map[int]verify.Verdict) map[verify.Verdict]int64 {
	v.t.Helper()
	began := time.Now()
	r := v.verify("t", "")
	ended := time.Now()
	require.NotEmpty(v.t, r.Differences, "%v", r.Verdicts)
	found := map[int]verify.Verdict{}
	for key, verdict := range v.differences(r) {
		n, known := v.numbers[key]
		require.True(v.t, known, "a key that was never there: %q", key)
		require.NotContains(v.t, found, n)
		found[n] = verdict
	}
	for n, verdict := range planted {
		require.Equal(v.t, verdict, found[n], "row %d was planted", n)
		delete(found, n)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for n, verdict := range found {
		require.Equal(v.t, verify.Deleted, verdict, "row %d does not differ", n)
		require.True(v.t, slices.ContainsFunc(v.away[n], func(s span) bool {
			return s.from.Before(ended) && (s.to.IsZero() || s.to.After(began))
		}), "row %d was never away", n)
	}
	return r.Verdicts
}

// differences are the verdicts of the list, by the key's text.
func (v *verifyPlay) differences(r api.VerifyTableResult) map[string]verify.Verdict {
	v.t.Helper()
	out := map[string]verify.Verdict{}
	columns, rows := parquetRows(v.t, v.staging()+"/"+r.Differences)
	verdict := slices.Index(columns, "tablehaul_verdict")
	for _, row := range rows {
		out[strings.Join(row[:verdict], "|")] = verify.Verdict(row[verdict])
	}
	return out
}

// agrees compares both sides by another way, when nothing changes any more.
func (v *verifyPlay) agrees(verdicts map[verify.Verdict]int64) {
	v.t.Helper()
	report, err := compare.Tables(v.t.Context(), compare.Side{DB: v.src, Schema: v.from, Table: "t"},
		compare.Side{DB: v.dst, Schema: v.to, Table: "t"},
		compare.Options{Key: strings.Split(v.kind.key, ", "), Columns: []string{"n", "v", "f", "updated_at"}})
	require.NoError(v.t, err)
	respelled := verdicts[verify.Respelled] / 2
	require.Equal(v.t, []int64{
		verdicts[verify.Missing] + respelled, verdicts[verify.Deleted] + respelled,
		verdicts[verify.Stale] + verdicts[verify.Silent] + verdicts[verify.Newer],
	}, []int64{report.Missing, report.Extra, report.Different}, "%v", verdicts)
}

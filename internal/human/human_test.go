package human

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		350 * time.Millisecond: "350ms", 4230 * time.Millisecond: "4.2s", 190 * time.Second: "3m10s", time.Minute: "1m",
		125 * time.Minute: "2h5m", 2 * time.Hour: "2h", 47*time.Hour + 30*time.Minute: "47h30m", 76 * time.Hour: "3d4h",
		96 * time.Hour: "4d", -1: "0s", 0: "0s", 3599600 * time.Millisecond: "1h",
	} {
		require.Equal(t, want, Duration(d))
	}
	require.Equal(t, "4.2s", Seconds(4.23))
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 3 << 19: "1.5 MiB", 15 << 30: "15 GiB", -1: "0 B"} {
		require.Equal(t, want, Size(n))
	}
}

func TestCount(t *testing.T) {
	require.Equal(t, "1 row", Count(1, "row"))
	require.Equal(t, "10,000 rows", Count(int64(10_000), "row"))
	require.Equal(t, "0 rows", Count(0, "row"))
}

func TestSample(t *testing.T) {
	require.Equal(t, "a", Sample([]string{"a"}, 1))
	require.Equal(t, "a and b", Sample([]string{"a", "b"}, 2))
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	require.Equal(t, "a, b, c, d, e and 2 more", Sample(names, len(names)))
	require.Equal(t, "a and 1,999 more", Sample(names[:1], 2000))
	require.Len(t, names, 7)
}

func TestClause(t *testing.T) {
	require.Equal(t, "1 row differs", Clause(1, "row", "differs", "differ"))
	require.Equal(t, "0 rows differ", Clause(0, "row", "differs", "differ"))
	require.Equal(t, "1,200 rows differ", Clause(int64(1200), "row", "differs", "differ"))
}

// A name in a command that people paste reaches the program as it is, and starts no other one.
func TestArg(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"shop.orders": "shop.orders", "shop.`we ird`": "'shop.`we ird`'", "shop.log_*": "'shop.log_*'",
		"it's": `'it'\''s'`, "$(x)": "'$(x)'", "": "''", "shop.näme": "'shop.näme'",
	} {
		require.Equal(t, want, Arg(name))
	}
}

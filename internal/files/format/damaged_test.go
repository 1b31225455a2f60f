package format_test

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDamagedFilesAreRefused changes some bytes of each file, most of them in a footer. A damage may be refused, or
// read as other values; it neither ends the process, nor takes memory that the file does not account for.
func TestDamagedFilesAreRefused(t *testing.T) {
	entries, err := os.ReadDir("testdata")
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	for _, e := range entries {
		if e.IsDir() || strings.Contains(e.Name(), "expected") || strings.HasPrefix(e.Name(), "make") {
			continue
		}
		t.Run(e.Name(), func(t *testing.T) {
			whole := load(t, e.Name())
			for range 15 {
				b := make([]byte, whole.Size())
				_, err := whole.ReadAt(b, 0)
				require.NoError(t, err)
				for range 1 + rng.IntN(4) {
					at := rng.IntN(len(b))
					if rng.IntN(2) == 0 {
						at = len(b) - 1 - rng.IntN(min(len(b), 2500))
					}
					b[at] = byte(rng.IntN(256))
				}
				fuzzOne(t, e.Name(), b[:len(b)-rng.IntN(2)*rng.IntN(20)], fuzzText, fuzzColumns)
			}
		})
	}
}

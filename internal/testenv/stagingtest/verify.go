package stagingtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/table"
)

// PutPart stages a part without chunks and returns what a manifest says of it.
func PutPart(tb testing.TB, s staging.Store, key string, body []byte) table.Part {
	tb.Helper()
	stored, err := staging.Put(tb.Context(), s, key, bytes.NewReader(body))
	require.NoError(tb, err)
	hash := sha256.Sum256(body)
	return table.Part{Key: key, Size: int64(len(body)), SHA256: hex.EncodeToString(hash[:]), Stored: stored}
}

// verifyPart holds a part against its manifest: as it was put, with other bytes of the same
// number, with fewer, and gone; in one piece and in several. Only a part as it was put is copied.
func verifyPart(t *testing.T, s staging.Store) {
	for name, body := range map[string][]byte{
		"t/r/0/small": []byte("some bytes"), "t/r/0/large": content(twoPieces),
		"t/r/0/empty": {},
	} {
		part := PutPart(t, s, name, body)
		require.NoError(t, staging.VerifyPart(t.Context(), s, part, nil))
		copied := part
		copied.Key = name + "-copy"
		stored, err := staging.CopyPart(t.Context(), s, part, copied.Key)
		require.NoError(t, err)
		copied.Stored = stored
		require.NoError(t, staging.VerifyPart(t.Context(), s, copied, nil))
		if len(body) > 0 {
			other := bytes.Clone(body)
			other[len(other)/2] ^= 1
			require.NoError(t, s.Put(t.Context(), name, bytes.NewReader(other)))
			require.ErrorIs(t, staging.VerifyPart(t.Context(), s, part, nil), staging.ErrCorrupt)
			_, err := staging.CopyPart(t.Context(), s, part, name+"-other")
			require.ErrorIs(t, err, staging.ErrCorrupt)
			requireMissing(t, s, name+"-other")
			require.NoError(t, s.Put(t.Context(), name, bytes.NewReader(body[:len(body)-1])))
			require.ErrorIs(t, staging.VerifyPart(t.Context(), s, part, nil), staging.ErrCorrupt)
		}
		require.NoError(t, s.Delete(t.Context(), name))
		require.ErrorIs(t, staging.VerifyPart(t.Context(), s, part, nil), staging.ErrNotFound)
		_, err = staging.CopyPart(t.Context(), s, part, name+"-gone")
		require.ErrorIs(t, err, staging.ErrNotFound)
	}
}

// check is what a worker does at its start: it passes beside others, and leaves nothing.
func check(t *testing.T, s staging.Store) {
	Put(t, s, "t/a", "a")
	for range 2 {
		require.NoError(t, staging.Check(t.Context(), s))
	}
	require.Equal(t, []string{"t/a"}, keys(t, s, ""))
	require.True(t, staging.Ours("worker-check/"+strings.Repeat("a", 26)+"/check.json"),
		"what a killed worker leaves is swept by its age")
}

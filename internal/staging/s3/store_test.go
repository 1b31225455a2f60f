package s3_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/s3"
	"github.com/tablehaul/tablehaul/internal/staging/s3/s3url"
	"github.com/tablehaul/tablehaul/internal/table"
	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
	"github.com/tablehaul/tablehaul/internal/testenv/stagingtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := s3server.StopShared(); err != nil {
		code = 1
	}
	os.Exit(code)
}

func open(t *testing.T, raw string) *s3.Store {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	l, err := s3url.Parse(u)
	require.NoError(t, err)
	s, err := s3.Open(t.Context(), l)
	require.NoError(t, err)
	return s
}

func TestContract(t *testing.T) {
	server := s3server.Shared(t)
	stagingtest.Contract(t, func(t *testing.T) staging.Store {
		s := open(t, server.URL(t))
		s.SetPage(10)
		t.Cleanup(func() {
			uploads, err := s.Uploads(context.Background())
			require.NoError(t, err)
			require.Empty(t, uploads, "an upload was left")
		})
		return s
	})
}

// WaitForFiles asks for checksums and reads nothing, however many pieces a part has.
func TestAPartIsVerifiedWithoutReadingIt(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"whole": small, "multipart": large} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, proxy := faulty(t, "")
			part := stagingtest.PutPart(t, s, "t/r/0/part", largeBody()[:size])
			require.Equal(t, name == "multipart", strings.HasSuffix(part.Stored, "-2"), part.Stored)
			proxy.Seen()
			require.NoError(t, staging.VerifyPart(t.Context(), s, part, nil))
			seen := proxy.Seen()
			require.Len(t, seen, 1)
			require.Equal(t, http.MethodHead, seen[0].Method)

			// A server that keeps no checksums: the part is read.
			proxy.Do(s3server.When(method("HEAD"), header("X-Amz-Checksum-Sha256", "")))
			require.NoError(t, staging.VerifyPart(t.Context(), s, part, nil))
			require.Greater(t, len(proxy.Seen()), 1)
			part.SHA256 = strings.Repeat("0", 64)
			require.ErrorIs(t, staging.VerifyPart(t.Context(), s, part, nil), staging.ErrCorrupt)
		})
	}
}

// header lets the server answer, and sets a header of the answer, or removes it.
func header(name, value string) s3server.Fault {
	return func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		forward.ServeHTTP(headerWriter{w, name, value}, r)
		return true
	}
}

type headerWriter struct {
	http.ResponseWriter
	name, value string
}

func (w headerWriter) WriteHeader(status int) {
	w.Header().Del(w.name)
	if w.value != "" {
		w.Header().Set(w.name, w.value)
	}
	w.ResponseWriter.WriteHeader(status)
}

// A chunk is one request for exactly its bytes.
func TestAChunkIsOneRangedRead(t *testing.T) {
	t.Parallel()
	s, proxy := faulty(t, "")
	body := largeBody()
	require.NoError(t, s.Put(t.Context(), "a", bytes.NewReader(body)))
	proxy.Seen()
	hash := sha256.Sum256(body[1000:3000])
	got, err := staging.ReadSpans(t.Context(), s, "a", table.Span{
		Offset: 1000, Size: 2000,
		SHA256: hex.EncodeToString(hash[:]),
	})
	require.NoError(t, err)
	require.True(t, bytes.Equal(body[1000:3000], got[0]))
	seen := proxy.Seen()
	require.Len(t, seen, 2, "one to look, one to read")
	require.Equal(t, "bytes=1000-2999", seen[1].Header.Get("Range"))
}

// Encryption is asked for with every object, and a server that does not do it is refused.
func TestEncryption(t *testing.T) {
	t.Parallel()
	for sse, key := range map[string]string{"aws:kms": "arn:aws:kms:eu-north-1:1:key/2", "AES256": ""} {
		t.Run(sse, func(t *testing.T) {
			t.Parallel()
			asks := url.Values{"sse": {sse}}
			if key != "" {
				asks.Set("kmsKey", key)
			}
			s, proxy := faulty(t, asks.Encode())
			proxy.Do(header("X-Amz-Server-Side-Encryption", sse))
			require.NoError(t, s.PutNew(t.Context(), "a", strings.NewReader("a")))
			require.NoError(t, s.Put(t.Context(), "b", bytes.NewReader(largeBody())))
			asked := 0
			for _, r := range proxy.Seen() {
				if r.Method == http.MethodPost && r.URL.Query().Has("uploads") || r.Method == http.MethodPut &&
					!r.URL.Query().Has("partNumber") {
					require.Equal(t, sse, r.Header.Get("X-Amz-Server-Side-Encryption"))
					require.Equal(t, key, r.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id"))
					asked++
				}
			}
			require.Equal(t, 2, asked)
			proxy.Do(header("X-Amz-Server-Side-Encryption", ""))
			err := s.Put(t.Context(), "c", strings.NewReader("c"))
			require.ErrorIs(t, err, staging.ErrRejected)
			require.ErrorContains(t, err, "sse="+sse)
		})
	}
}

// Other programs that share the bucket keep their objects: below the prefix, beside it, under any name.
func TestForeignObjectsStay(t *testing.T) {
	t.Parallel()
	server := s3server.Shared(t)
	u, err := url.Parse(server.URL(t))
	require.NoError(t, err)
	ours := open(t, u.String())
	u.Path += "-of-others"
	theirs := open(t, u.String())
	stagingtest.Put(t, theirs, "t/r/0/manifest.json", "theirs")
	stagingtest.Put(t, ours, "t/r/0/manifest.json", "ours")
	stagingtest.Put(t, ours, "t/r/0/notes.txt", "foreign")
	n, err := staging.Sweep(t.Context(), ours, "", time.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, "theirs", string(stagingtest.Content(t, theirs, "t/r/0/manifest.json")))
	require.Equal(t, "foreign", string(stagingtest.Content(t, ours, "t/r/0/notes.txt")))
}

// Whether the bucket is in the path or in the host's name is the server's business.
func TestPathStyle(t *testing.T) {
	t.Parallel()
	s, proxy := faulty(t, "")
	stagingtest.Put(t, s, "a", "a")
	for _, r := range proxy.Seen() {
		require.True(t, strings.HasPrefix(r.URL.Path, "/"+s.Bucket()+"/"), r.URL.Path)
	}
	require.False(t, open(t, "s3://bucket/x?pathStyle=false&region=eu-north-1&endpoint=http://localhost").PathStyle())
	require.False(t, open(t, "s3://bucket/x?region=eu-north-1").PathStyle())
}

package s3_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/s3"
	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
	"github.com/tablehaul/tablehaul/internal/testenv/stagingtest"
)

// faulty opens a store behind a proxy; more are parameters of its URL.
func faulty(t *testing.T, more string) (*s3.Store, *s3server.Faulty) {
	t.Helper()
	server := s3server.Shared(t)
	proxy := server.NewFaulty(t)
	return open(t, server.Through(t, proxy.Endpoint, more)), proxy
}

func method(names ...string) func(*http.Request) bool {
	return func(r *http.Request) bool { return strings.Contains(strings.Join(names, " "), r.Method) }
}

// publishing are the requests by which an object appears.
func publishing(r *http.Request) bool {
	q := r.URL.Query()
	return r.Method == http.MethodPut && !q.Has("partNumber") || r.Method == http.MethodPost && q.Has("uploadId")
}

const (
	small = 1 << 10
	large = 9 << 20 // two pieces
)

// Random once, since most tests are about what happens to bytes and not what they are.
var largeBody = sync.OnceValue(func() []byte {
	b := make([]byte, large)
	_, _ = rand.Read(b) // it never fails
	return b
})

// What passes by itself is tried again, by every kind of request.
func TestABusyServerIsAskedAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]s3server.Fault{
		"SlowDown":         s3server.Refuse(http.StatusServiceUnavailable, "SlowDown", nil),
		"InternalError":    s3server.Refuse(http.StatusInternalServerError, "InternalError", nil),
		"RequestTimeout":   s3server.Refuse(http.StatusBadRequest, "RequestTimeout", nil),
		"OperationAborted": s3server.Refuse(http.StatusConflict, "OperationAborted", nil),
		"BadDigest":        s3server.Refuse(http.StatusBadRequest, "BadDigest", nil),
		"a lost answer":    s3server.Lose(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, proxy := faulty(t, "")
			body := largeBody()
			if name == "OperationAborted" || name == "RequestTimeout" {
				body = body[:small] // two cases of the others are enough to try every kind of request
			}
			proxy.Do(everyOther(func(r *http.Request) bool {
				switch {
				case r.Method == http.MethodHead: // says no code: only a status that is clear by itself is tried again
					return name == "SlowDown" || name == "InternalError" || name == "a lost answer"
				case r.URL.Query().Has("uploads"): // an upload whose id is lost stays, until a lifecycle rule ends it
					return name != "a lost answer"
				}
				return true
			}, fault))
			require.NoError(t, s.Put(t.Context(), "t/a", bytes.NewReader(body)))
			require.NoError(t, s.PutNew(t.Context(), "t/b", strings.NewReader("b")))
			require.True(t, bytes.Equal(body, stagingtest.Content(t, s, "t/a")))
			n := 0
			require.NoError(t, s.List(t.Context(), "", func(staging.Entry) error { n++; return nil }))
			require.Equal(t, 2, n)
			require.NoError(t, s.Delete(t.Context(), "t/a", "t/b"))
			proxy.Do(nil)
			requireNothing(t, s)
		})
	}
}

// everyOther does a fault to every second request that matches, beginning with the first.
func everyOther(match func(*http.Request) bool, fault s3server.Fault) s3server.Fault {
	turn := make(chan bool, 1)
	turn <- true
	return func(w http.ResponseWriter, r *http.Request, forward http.Handler) bool {
		if !match(r) {
			return false
		}
		now := <-turn
		turn <- !now
		return now && fault(w, r, forward)
	}
}

// requireNothing requires that neither an object nor an upload is left.
func requireNothing(t *testing.T, s *s3.Store) {
	t.Helper()
	require.NoError(t, s.List(t.Context(), "", func(e staging.Entry) error { return errors.New(e.Key) }))
	uploads, err := s.Uploads(t.Context())
	require.NoError(t, err)
	require.Empty(t, uploads)
}

// The request that makes a manifest count was done and its answer lost: the next try hears
// that the key exists, and knows its own.
func TestALostAnswerOfAPutNewIsNoConflict(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"whole": small, "multipart": large} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, proxy := faulty(t, "")
			body := largeBody()[:size]
			proxy.Do(s3server.When(publishing, s3server.Times(1, s3server.Lose())))
			require.NoError(t, s.PutNew(t.Context(), "t/manifest.json", bytes.NewReader(body)))
			require.True(t, bytes.Equal(body, stagingtest.Content(t, s, "t/manifest.json")))
			require.ErrorIs(t, s.PutNew(t.Context(), "t/manifest.json", bytes.NewReader(body)), staging.ErrExists,
				"the same bytes by another call are another's")
			uploads, err := s.Uploads(t.Context())
			require.NoError(t, err)
			require.Empty(t, uploads)
		})
	}
}

// A clock that is off is set right by the answer's own time, once and for all requests.
func TestAClockThatIsOffIsCorrected(t *testing.T) {
	t.Parallel()
	s, proxy := faulty(t, "")
	ahead := http.Header{"Date": {time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)}}
	proxy.Do(s3server.Times(1, s3server.Refuse(http.StatusForbidden, "RequestTimeTooSkewed", ahead)))
	// The next try is an hour ahead, which the server itself refuses, and tells its time.
	require.NoError(t, s.Put(t.Context(), "a", strings.NewReader("text")))
	require.GreaterOrEqual(t, len(proxy.Seen()), 3)
	require.Equal(t, "text", string(stagingtest.Content(t, s, "a")))
}

func TestATruncatedDownloadGoesOnWhereItBroke(t *testing.T) {
	t.Parallel()
	s, proxy := faulty(t, "")
	body := largeBody()[:1<<20]
	require.NoError(t, s.Put(t.Context(), "a", bytes.NewReader(body)))
	proxy.Seen()
	proxy.Do(s3server.When(method("GET"), s3server.Times(3, s3server.Truncate())))
	f, err := s.Open(t.Context(), "a")
	require.NoError(t, err)
	got := make([]byte, len(body))
	_, err = f.ReadAt(got, 0)
	require.NoError(t, err)
	require.True(t, bytes.Equal(body, got))
	var ranges []string
	for _, r := range proxy.Seen() {
		if r.Method == http.MethodGet {
			ranges = append(ranges, r.Header.Get("Range"))
			require.NotEmpty(t, r.Header.Get("If-Match"), "all of one content")
		}
	}
	require.Equal(t, []string{
		"bytes=0-1048575", "bytes=524288-1048575", "bytes=786432-1048575",
		"bytes=917504-1048575",
	}, ranges)

	proxy.Do(s3server.When(method("GET"), s3server.Truncate()))
	_, err = f.ReadAt(got, 0)
	require.ErrorIs(t, err, staging.ErrUnavailable)
	require.ErrorContains(t, err, "broke off")
}

// An upload that is stopped, for any reason, leaves neither an object nor parts of one.
func TestAStoppedUploadIsTakenBack(t *testing.T) {
	t.Parallel()
	gone := errors.New("the source is gone")
	for name, c := range map[string]struct {
		stop func(cancel func()) error
		want error
	}{
		"its reader fails":   {func(func()) error { return gone }, gone},
		"its step is over":   {func(cancel func()) error { cancel(); return nil }, context.Canceled},
		"its writer is gone": {func(func()) error { return io.ErrClosedPipe }, io.ErrClosedPipe},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, proxy := faulty(t, "")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			begun, begin := context.WithCancel(t.Context())
			proxy.Do(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
				if r.URL.Query().Has("partNumber") {
					begin()
				}
				return false
			})
			stop := readerFunc(func([]byte) (int, error) {
				<-begun.Done()
				return 0, c.stop(cancel)
			})
			require.ErrorIs(t, s.Put(ctx, "t/a", io.MultiReader(bytes.NewReader(largeBody()), stop)), c.want)
			proxy.Do(nil)
			requireNothing(t, s)
		})
	}
	t.Run("the server refuses a piece", func(t *testing.T) {
		t.Parallel()
		s, proxy := faulty(t, "")
		second := func(r *http.Request) bool { return r.URL.Query().Get("partNumber") == "2" }
		proxy.Do(s3server.When(second, s3server.Refuse(http.StatusForbidden, "AccessDenied", nil)))
		require.ErrorIs(t, s.Put(t.Context(), "t/a", bytes.NewReader(largeBody())), staging.ErrRejected)
		requireNothing(t, s)
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// What cannot be taken back is an upload and no object: the bucket's lifecycle rule sweeps it,
// and the first cause is reported.
func TestAnUploadThatCannotBeTakenBackIsNoObject(t *testing.T) {
	t.Parallel()
	s, proxy := faulty(t, "")
	proxy.Do(s3server.When(method("DELETE"), s3server.Refuse(http.StatusForbidden, "AccessDenied", nil)))
	gone := errors.New("the source is gone")
	r := io.MultiReader(bytes.NewReader(largeBody()), readerFunc(func([]byte) (int, error) { return 0, gone }))
	require.ErrorIs(t, s.Put(t.Context(), "t/a", r), gone)
	_, err := s.Open(t.Context(), "t/a")
	require.ErrorIs(t, err, staging.ErrNotFound)
	uploads, err := s.Uploads(t.Context())
	require.NoError(t, err)
	require.Len(t, uploads, 1)
	require.Contains(t, uploads[0], "/t/a")
}

func TestAConnectionThatStandsStillEnds(t *testing.T) {
	t.Parallel()
	client, server := net.Pipe()
	t.Cleanup(func() { _ = client.Close(); _ = server.Close() })
	c := s3.Stalling(client, 50*time.Millisecond)
	for range 2 { // the second has a time of its own
		begun := time.Now()
		_, err := c.Read(make([]byte, 1))
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		require.True(t, timeout.Timeout())
		require.GreaterOrEqual(t, time.Since(begun), 50*time.Millisecond)
		_, err = c.Write([]byte("x"))
		require.ErrorAs(t, err, &timeout)
	}
}

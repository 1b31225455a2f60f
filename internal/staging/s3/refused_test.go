package s3_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/testenv/proxy"
	"github.com/tablehaul/tablehaul/internal/testenv/s3server"
	"github.com/tablehaul/tablehaul/internal/testenv/stagingtest"
)

var elsewhere = http.Header{"X-Amz-Bucket-Region": {"ap-south-1"}}

// refusals are answers of a server, and what becomes of them.
var refusals = map[string]struct {
	status int
	code   string
	header http.Header
	class  error
	text   string
}{
	"busy for long":   {503, "SlowDown", nil, staging.ErrUnavailable, "status 503"},
	"access denied":   {403, "AccessDenied", nil, staging.ErrRejected, "grant s3:GetObject"},
	"no such bucket":  {404, "NoSuchBucket", nil, staging.ErrRejected, "create the bucket"},
	"wrong login":     {403, "InvalidAccessKeyId", nil, staging.ErrRejected, "valid credentials"},
	"wrong secret":    {403, "SignatureDoesNotMatch", nil, staging.ErrRejected, "valid credentials"},
	"expired":         {400, "ExpiredToken", nil, staging.ErrCredentials, "renew them"},
	"clock":           {403, "RequestTimeTooSkewed", nil, staging.ErrCredentials, "clock (NTP)"},
	"not implemented": {501, "NotImplemented", nil, staging.ErrRejected, "conditional writes"},
	"another region": {
		301, "PermanentRedirect", elsewhere, staging.ErrRejected,
		"was asked: write region=ap-south-1",
	},
	"another region's": {
		400, "AuthorizationHeaderMalformed", elsewhere, staging.ErrRejected,
		"write region=ap-south-1",
	},
	"somewhere else":       {301, "PermanentRedirect", nil, staging.ErrRejected, "correct region or endpoint"},
	"quota":                {403, "QuotaExceeded", nil, staging.ErrFull, "QuotaExceeded"},
	"full":                 {507, "XMinioStorageFull", nil, staging.ErrFull, "make room"},
	"a key that is gone":   {400, "KMS.NotFoundException", nil, staging.ErrRejected, "correct kmsKey"},
	"something else":       {400, "UnknownCode", nil, nil, "UnknownCode, status 400"},
	"a page of some proxy": {407, "", nil, nil, "status 407"},
}

// What does not pass has a class, and a text that says what to do; never a secret.
func TestEachRefusalSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, c := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, proxy := faulty(t, "")
			require.NoError(t, s.Put(t.Context(), "a", strings.NewReader("a")))
			f, err := s.Open(t.Context(), "a")
			require.NoError(t, err)
			proxy.Do(s3server.Refuse(c.status, c.code, c.header))
			_, readErr := f.ReadAt(make([]byte, 1), 0)
			_, openErr := s.Open(t.Context(), "a")
			for doing, err := range map[string]error{
				"put":       s.Put(t.Context(), "t/a", strings.NewReader("x")),
				"put new":   s.PutNew(t.Context(), "t/a", strings.NewReader("x")),
				"multipart": s.Put(t.Context(), "t/a", bytes.NewReader(largeBody())),
				"delete":    s.Delete(t.Context(), "a"),
				"list":      s.List(t.Context(), "", func(staging.Entry) error { return nil }),
				"read":      readErr,
				"open":      openErr,
			} {
				require.Error(t, err, doing)
				require.ErrorContains(t, err, c.text, doing)
				require.NotErrorIs(t, err, staging.ErrNotFound, doing)
				for _, class := range []error{
					staging.ErrUnavailable, staging.ErrCredentials, staging.ErrRejected,
					staging.ErrFull,
				} {
					require.Equal(t, errors.Is(c.class, class), errors.Is(err, class), "%s: %v", doing, err)
				}
			}
			proxy.Do(nil)
			require.Equal(t, "a", string(stagingtest.Content(t, s, "a")), "nothing of it lasts")
		})
	}
}

func TestABucketThatIsNotThere(t *testing.T) {
	t.Parallel()
	server := s3server.Shared(t)
	u, err := url.Parse(server.URL(t))
	require.NoError(t, err)
	u.Host += "-gone"
	s := open(t, u.String())
	for doing, err := range map[string]error{
		"check": staging.Check(t.Context(), s),
		"put":   s.Put(t.Context(), "a", strings.NewReader("a")),
		"open":  func() error { _, err := s.Open(t.Context(), "a"); return err }(),
	} {
		require.ErrorIs(t, err, staging.ErrRejected, doing)
		require.ErrorContains(t, err, "NoSuchBucket", doing)
		require.ErrorContains(t, err, u.Host, doing)
	}
}

// What versitygw, and AWS, say of a signature for another region has the right one in it.
func TestABucketOfAnotherRegion(t *testing.T) {
	t.Parallel()
	server := s3server.Shared(t)
	s := open(t, server.Through(t, server.Endpoint, "region=us-west-2"))
	err := staging.Check(t.Context(), s)
	require.ErrorIs(t, err, staging.ErrRejected)
	require.ErrorContains(t, err, "region")
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	s := open(t, s3server.Shared(t).Through(t, "http://"+proxy.Reserve(t).Addr, ""))
	err := staging.Check(t.Context(), s)
	require.ErrorIs(t, err, staging.ErrUnavailable)
	require.ErrorContains(t, err, "connection refused")
}

func TestAStrangersCertificate(t *testing.T) {
	t.Parallel()
	stranger := httptest.NewUnstartedServer(http.NotFoundHandler())
	stranger.Config.ErrorLog = log.New(io.Discard, "", 0) // of handshakes that fail, as they are to
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	s := open(t, s3server.Shared(t).Through(t, stranger.URL, ""))
	err := staging.Check(t.Context(), s)
	require.ErrorIs(t, err, staging.ErrRejected)
	require.ErrorContains(t, err, "certificate")
	require.ErrorContains(t, err, "AWS_CA_BUNDLE")
}

// This test changes the environment, so no other runs beside it.
func TestNoCredentials(t *testing.T) {
	url := s3server.Shared(t).URL(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	// A machine whose metadata service has none answers too, and is not to be taken for S3.
	machine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	}))
	t.Cleanup(machine.Close)
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", machine.URL)
	for _, disabled := range []string{"true", "false"} {
		t.Setenv("AWS_EC2_METADATA_DISABLED", disabled)
		err := staging.Check(t.Context(), open(t, url))
		require.ErrorIs(t, err, staging.ErrCredentials)
		require.ErrorContains(t, err, "set AWS_ACCESS_KEY_ID")
	}
}

// Credentials that the server calls expired are not kept: the chain is asked for new ones, here
// that of a container.
func TestExpiredCredentialsAreAskedForAnew(t *testing.T) {
	server := s3server.Shared(t)
	answer, err := json.Marshal(map[string]string{
		"AccessKeyId": os.Getenv("AWS_ACCESS_KEY_ID"), "SecretAccessKey": os.Getenv("AWS_SECRET_ACCESS_KEY"),
		"Token": "", "Expiration": time.Now().Add(12 * time.Hour).UTC().Format(time.RFC3339),
	})
	require.NoError(t, err)
	var asked atomic.Int64
	container := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		_, _ = w.Write(answer)
	}))
	t.Cleanup(container.Close)
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.URL)
	proxy := server.NewFaulty(t)
	s := open(t, server.Through(t, proxy.Endpoint, ""))
	require.NoError(t, s.Put(t.Context(), "a", strings.NewReader("a")))
	require.NoError(t, s.Put(t.Context(), "b", strings.NewReader("b")))
	require.EqualValues(t, 1, asked.Load())
	proxy.Do(s3server.Times(1, s3server.Refuse(http.StatusBadRequest, "ExpiredToken", nil)))
	require.ErrorIs(t, s.Put(t.Context(), "c", strings.NewReader("c")), staging.ErrCredentials)
	require.NoError(t, s.Put(t.Context(), "c", strings.NewReader("c")))
	require.EqualValues(t, 2, asked.Load())
}

func TestNoRegion(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	_, err := staging.Open("s3://bucket/x")
	require.ErrorIs(t, err, staging.ErrURL)
	require.ErrorContains(t, err, "region=")
}

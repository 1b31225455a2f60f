package s3

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	// stall is how long a connection may carry nothing in either direction before it counts as
	// dead. There is no limit for a whole request: a slow line only takes longer.
	stall = 30 * time.Second
	// dialTimeout bounds the making of a connection.
	dialTimeout = 10 * time.Second
	// idleConns are kept per worker: as many as it has steps that use staging at once.
	idleConns = 32
	// attempts bounds the quick tries of one request, with the pauses between them to about 8
	// seconds. What fails longer is Temporal's to try again, where people see it.
	attempts = 8
	// firstBackoff is the pause before the second try; each next one is twice as long.
	firstBackoff = 100 * time.Millisecond
)

// maxBackoff is the longest pause between two tries of a request; tests shorten it.
var maxBackoff = 4 * time.Second

// backoff is the pause before the try after the given one, which counts from 0: between half
// and all of what it has grown to, so that many workers do not come back at once.
func backoff(try int, _ error) (time.Duration, error) {
	pause := min(firstBackoff<<min(try, attempts), maxBackoff)
	return pause/2 + rand.N(pause/2+1), nil
}

// retryCodes are answers that pass by themselves, beside those that the SDK knows: a write that
// met another one, and bytes that were damaged on their way to the server.
var retryCodes = map[string]struct{}{
	"ConditionalRequestConflict": {}, "OperationAborted": {},
	"BadDigest": {}, "XAmzContentSHA256Mismatch": {}, "XAmzContentChecksumMismatch": {}, "IncompleteBody": {},
	// What versitygw says where the folder of a key is removed at the same moment.
	"ExistingObjectIsDirectory": {},
}

func retryer() aws.Retryer {
	return retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts, o.Backoff = attempts, retry.BackoffDelayerFunc(backoff)
		o.Retryables = append(o.Retryables, retry.RetryableErrorCode{Codes: retryCodes})
	})
}

func httpClient() *awshttp.BuildableClient {
	dialer := &net.Dialer{Timeout: dialTimeout}
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = idleConns, idleConns
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return stallConn{c, stall}, nil
		}
	})
}

// stallConn is a connection that ends when nothing moves on it.
type stallConn struct {
	net.Conn
	limit time.Duration
}

func (c stallConn) Read(b []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Read(b)
}

func (c stallConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

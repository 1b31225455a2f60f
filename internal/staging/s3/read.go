package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tablehaul/tablehaul/internal/staging"
)

const (
	// readTries is how often a download that breaks off is taken up again where it broke; the
	// SDK's own tries end where the answer begins.
	readTries = 4
	// firstPause is the pause before the first of these tries; each next one waits twice as long.
	firstPause = 100 * time.Millisecond
)

// pause waits before a try, whose number counts from 0.
func pause(ctx context.Context, try int) {
	select {
	case <-ctx.Done():
	case <-time.After(firstPause << try):
	}
}

// head asks for what the server knows of an object.
func (s *Store) head(ctx context.Context, key string) (*api.HeadObjectOutput, error) {
	out, err := s.client.HeadObject(ctx, &api.HeadObjectInput{
		Bucket: &s.at.Bucket, Key: s.object(key), ChecksumMode: types.ChecksumModeEnabled,
	})
	if err == nil {
		return out, nil
	}
	switch answerOf(err).status {
	case statusNotFound, statusForbidden, http.StatusBadRequest:
		// Answers to HEAD have no body: a bucket that is gone looks like a key that is not there,
		// and expired credentials like a permission that lacks. A GET of a byte says which.
		asked, getErr := s.client.GetObject(ctx, &api.GetObjectInput{
			Bucket: &s.at.Bucket, Key: s.object(key),
			Range: aws.String("bytes=0-0"),
		})
		if getErr != nil {
			err = getErr
		} else {
			_ = asked.Body.Close() // of one byte
		}
	}
	return nil, s.fail(ctx, "opening "+key, err)
}

// Stat returns an object's size and stored checksum.
func (s *Store) Stat(ctx context.Context, key string) (size int64, sum string, err error) {
	if err := staging.CheckKey(key); err != nil {
		return 0, "", err
	}
	out, err := s.head(ctx, key)
	if err != nil {
		return 0, "", err
	}
	return aws.ToInt64(out.ContentLength), aws.ToString(out.ChecksumSHA256), nil
}

// Open looks an object up. Its bytes are fetched by ReadAt, each range with one request.
func (s *Store) Open(ctx context.Context, key string) (staging.File, error) {
	if err := staging.CheckKey(key); err != nil {
		return nil, err
	}
	out, err := s.head(ctx, key)
	if err != nil {
		return nil, err
	}
	return &object{store: s, ctx: ctx, key: key, tag: out.ETag, size: aws.ToInt64(out.ContentLength)}, nil
}

// object is an open object. The tag holds every read to the very content that was opened.
type object struct {
	store *Store
	ctx   context.Context // staging.Store.Open promises that it holds for reads
	key   string
	tag   *string
	size  int64
}

func (o *object) Size() int64 { return o.size }

func (o *object) Close() error { return nil }

func (o *object) ReadAt(b []byte, at int64) (int, error) {
	if at < 0 {
		return 0, fmt.Errorf("reading %s: offset %d", o.key, at)
	}
	if at >= o.size {
		return 0, io.EOF
	}
	want := b[:min(int64(len(b)), o.size-at)]
	n, err := o.readFull(want, at)
	if err == nil && n < len(b) {
		err = io.EOF
	}
	return n, err
}

// readFull reads all of b, and goes on where a download breaks off.
func (o *object) readFull(b []byte, at int64) (n int, err error) {
	for try := range readTries {
		if try > 0 {
			pause(o.ctx, try-1)
		}
		var got int
		got, err = o.fetch(b[n:], at+int64(n))
		if n += got; n == len(b) {
			return n, nil
		}
		if !errors.Is(err, errBroken) {
			return n, err
		}
	}
	return n, fmt.Errorf("reading %s: %w: %d times, %w", o.key, staging.ErrUnavailable, readTries, err)
}

// errBroken is a download that ended before its end.
var errBroken = errors.New("the download broke off")

// errReplaced is an object of another content than the one that was opened.
var errReplaced = errors.New("it was replaced meanwhile")

// fetch asks for exactly the bytes of b. What arrived of a download that broke off counts.
func (o *object) fetch(b []byte, at int64) (int, error) {
	span := fmt.Sprintf("bytes=%d-%d", at, at+int64(len(b))-1)
	out, err := o.store.client.GetObject(o.ctx, &api.GetObjectInput{
		Bucket: &o.store.at.Bucket, Key: o.store.object(o.key), Range: &span, IfMatch: o.tag,
	})
	if err != nil {
		if answerOf(err).status == statusPreconditionFailed && o.ctx.Err() == nil {
			return 0, fmt.Errorf("reading %s: %w: %w", o.key, staging.ErrUnavailable, errReplaced)
		}
		return 0, o.store.fail(o.ctx, "reading "+o.key, err)
	}
	defer out.Body.Close() //nolint:errcheck // what was not read is of no interest
	if whole := at == 0 && int64(len(b)) == o.size; !whole &&
		!strings.HasPrefix(aws.ToString(out.ContentRange), fmt.Sprintf("bytes %d-", at)) {
		return 0, fmt.Errorf("reading %s: %w: the server sends whole objects where a range is asked for", o.key,
			staging.ErrRejected)
	}
	n, err := io.ReadFull(out.Body, b)
	if err != nil {
		if ctxErr := o.ctx.Err(); ctxErr != nil {
			return n, fmt.Errorf("reading %s: %w", o.key, ctxErr)
		}
		return n, fmt.Errorf("%w: %w", errBroken, err)
	}
	return n, nil
}

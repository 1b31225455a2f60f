package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/tablehaul/tablehaul/internal/staging"
)

// pieceBytes is what is uploaded by one request. A file up to this size is one object of one
// request; a larger one is a multipart upload, with two pieces in memory: one on its way, one
// being filled. S3 takes 10,000 pieces, so this allows files of 78 GiB.
const pieceBytes = 8 << 20

// buffers are those of pieces: what they have grown to serves the next file. The SDK reads no
// byte of a body after its request has returned, with or without success.
var buffers = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// The pool holds nothing else.
func borrow() *bytes.Buffer { return buffers.Get().(*bytes.Buffer) } //nolint:forcetypeassert // see above

// writerTag is the metadata that names the one call that wrote an object. By it, a call whose
// answer was lost, and whose repetition hears that the key exists, knows its own object.
const writerTag = "tablehaul-writer"

// Put writes key, and replaces what is there.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) error {
	_, err := s.PutSum(ctx, key, r)
	return err
}

// PutSum is Put that returns the SHA-256 of the object as S3 keeps it: of the bytes, or of the
// hashes of its pieces with their number behind.
func (s *Store) PutSum(ctx context.Context, key string, r io.Reader) (string, error) {
	return s.put(ctx, key, r, nil)
}

// PutNew writes key unless it is there.
func (s *Store) PutNew(ctx context.Context, key string, r io.Reader) error {
	_, err := s.put(ctx, key, r, aws.String("*"))
	return err
}

// upload is one call of Put or PutNew.
type upload struct {
	*Store
	key string
	// writer is unique to the call, ifNoneMatch is "*" or nil.
	writer      string
	ifNoneMatch *string
}

func (s *Store) put(ctx context.Context, key string, r io.Reader, ifNoneMatch *string) (string, error) {
	if err := staging.CheckKey(key); err != nil {
		return "", err
	}
	u := &upload{Store: s, key: key, writer: strings.ToLower(rand.Text()), ifNoneMatch: ifNoneMatch}
	r = staging.ReaderOf(ctx, r)
	piece := borrow()
	defer buffers.Put(piece)
	last, err := u.fill(piece, r)
	if err != nil {
		return "", fmt.Errorf("writing %s: %w", key, err)
	}
	if last {
		return u.whole(ctx, piece.Bytes())
	}
	return u.multipart(ctx, piece, r)
}

// fill reads the next piece of r into b. last says that r has no more.
func (u *upload) fill(b *bytes.Buffer, r io.Reader) (last bool, err error) {
	b.Reset()
	switch _, err := io.CopyN(b, r, u.piece); {
	case errors.Is(err, io.EOF):
		return true, nil
	case err != nil:
		return false, err
	}
	return false, nil
}

// whole uploads a file that is one piece.
func (u *upload) whole(ctx context.Context, body []byte) (string, error) {
	sum := sha256.Sum256(body)
	text := base64.StdEncoding.EncodeToString(sum[:])
	in := &api.PutObjectInput{
		Bucket: &u.at.Bucket, Key: u.object(u.key), Body: bytes.NewReader(body),
		ChecksumSHA256: &text, IfNoneMatch: u.ifNoneMatch, Metadata: map[string]string{writerTag: u.writer},
	}
	in.ServerSideEncryption, in.SSEKMSKeyId = u.encryption()
	out, err := u.client.PutObject(ctx, in)
	if err != nil {
		return text, u.published(ctx, err)
	}
	return text, u.encrypted(out.ServerSideEncryption)
}

// encryption is what to ask for; the zero values ask for none.
func (u *upload) encryption() (how types.ServerSideEncryption, key *string) {
	if u.at.SSE != "" && u.at.KMSKey != "" {
		key = &u.at.KMSKey
	}
	return types.ServerSideEncryption(u.at.SSE), key
}

// encrypted refuses a server that takes the wish for encryption and does not fulfil it.
func (u *upload) encrypted(got types.ServerSideEncryption) error {
	if u.at.SSE == "" || string(got) == u.at.SSE {
		return nil
	}
	return fmt.Errorf("writing %s: %w: sse=%s is set in staging.url, and the server did not encrypt so: set it up "+
		"there, or leave sse out", u.key, staging.ErrRejected, u.at.SSE)
}

// published turns the failure of the request that publishes an object into its error: none,
// where an earlier try of the same request has published it and its answer was lost.
func (u *upload) published(ctx context.Context, err error) error {
	a := answerOf(err)
	exists := a.status == statusPreconditionFailed
	if ctx.Err() != nil || !exists && a.code != codeNoSuchUpload {
		return u.fail(ctx, "writing "+u.key, err)
	}
	writer, headErr := u.writerOf(ctx)
	switch {
	case headErr != nil:
		return headErr
	case writer == u.writer:
		return nil
	case exists:
		return fmt.Errorf("%w: %s", staging.ErrExists, u.key)
	}
	return u.fail(ctx, "writing "+u.key, err)
}

// looks is how often writerOf looks for an object that the server has just called existing: a
// server on a file system may show it a moment later.
const looks = 4

// writerOf is the tag of the call that wrote the object; empty where there is none, or no object.
func (u *upload) writerOf(ctx context.Context) (string, error) {
	for look := range looks {
		head, err := u.head(ctx, u.key)
		switch {
		case err == nil:
			return head.Metadata[writerTag], nil
		case !errors.Is(err, staging.ErrNotFound):
			return "", err
		}
		pause(ctx, look)
	}
	return "", nil
}

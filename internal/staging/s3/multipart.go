package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// abortTimeout bounds taking back an upload that failed, also where its step was cancelled.
const abortTimeout = 15 * time.Second

// multipart uploads a file whose first piece is full, piece by piece while r is read.
func (u *upload) multipart(ctx context.Context, piece *bytes.Buffer, r io.Reader) (sum string, err error) {
	in := &api.CreateMultipartUploadInput{
		Bucket: &u.at.Bucket, Key: u.object(u.key), ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
		ChecksumType: types.ChecksumTypeComposite, Metadata: map[string]string{writerTag: u.writer},
	}
	in.ServerSideEncryption, in.SSEKMSKeyId = u.encryption()
	created, err := u.client.CreateMultipartUpload(ctx, in)
	if err != nil {
		return "", u.fail(ctx, "writing "+u.key, err)
	}
	id := created.UploadId
	defer func() {
		if err != nil {
			u.abort(ctx, id)
		}
	}()
	parts, sum, err := u.pieces(ctx, id, piece, r)
	if err != nil {
		return "", err
	}
	out, err := u.client.CompleteMultipartUpload(ctx, &api.CompleteMultipartUploadInput{
		Bucket: &u.at.Bucket, Key: u.object(u.key), UploadId: id, IfNoneMatch: u.ifNoneMatch,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil {
		return sum, u.published(ctx, err)
	}
	return sum, u.encrypted(out.ServerSideEncryption)
}

// pieces uploads one piece while the next one is read, and returns what completes the upload:
// the pieces, and the checksum that S3 makes of theirs.
func (u *upload) pieces(ctx context.Context, id *string, piece *bytes.Buffer, r io.Reader) (parts []types.CompletedPart,
	sum string, err error,
) {
	sums := sha256.New()
	second := borrow()
	defer buffers.Put(second)
	spare := second
	for last := false; piece.Len() > 0; piece, spare = spare, piece {
		hash := sha256.Sum256(piece.Bytes())
		sums.Write(hash[:])
		part := types.CompletedPart{
			PartNumber:     aws.Int32(int32(len(parts) + 1)),
			ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(hash[:])),
		}
		sent := make(chan error, 1)
		go func(body []byte) { sent <- u.send(ctx, id, &part, body) }(piece.Bytes())
		var readErr error
		spare.Reset()
		if !last {
			last, readErr = u.fill(spare, r)
		}
		if err := <-sent; err != nil {
			return nil, "", err
		}
		if readErr != nil {
			return nil, "", fmt.Errorf("writing %s: %w", u.key, readErr)
		}
		parts = append(parts, part)
	}
	return parts, fmt.Sprintf("%s-%d", base64.StdEncoding.EncodeToString(sums.Sum(nil)), len(parts)), nil
}

// send uploads one piece and completes part with its tag.
func (u *upload) send(ctx context.Context, id *string, part *types.CompletedPart, body []byte) error {
	out, err := u.client.UploadPart(ctx, &api.UploadPartInput{
		Bucket: &u.at.Bucket, Key: u.object(u.key), UploadId: id, PartNumber: part.PartNumber,
		Body: bytes.NewReader(body), ChecksumSHA256: part.ChecksumSHA256,
	})
	if err != nil {
		return u.fail(ctx, "writing "+u.key, err)
	}
	part.ETag = out.ETag
	return nil
}

// abort takes an upload back. What cannot be taken back is swept by the bucket's lifecycle
// rule, so the failure that led here stays the only one that is reported.
func (u *upload) abort(ctx context.Context, id *string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_, _ = u.client.AbortMultipartUpload(ctx, &api.AbortMultipartUploadInput{
		Bucket: &u.at.Bucket, Key: u.object(u.key),
		UploadId: id,
	})
}

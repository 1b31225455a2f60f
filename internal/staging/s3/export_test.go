package s3

import (
	"context"
	"net"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
)

// Pauses are as many as ever, and short.
func init() { maxBackoff = 20 * time.Millisecond }

// SetPage makes Delete and List use more requests, with fewer keys each.
func (s *Store) SetPage(keys int32) { s.page = keys }

// Uploads are the keys of multipart uploads that were begun and neither completed nor aborted.
func (s *Store) Uploads(ctx context.Context) ([]string, error) {
	out, err := s.client.ListMultipartUploads(ctx, &api.ListMultipartUploadsInput{
		Bucket: &s.at.Bucket,
		Prefix: &s.at.Prefix,
	})
	if err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(out.Uploads))
	for i := range out.Uploads {
		keys = append(keys, aws.ToString(out.Uploads[i].Key))
	}
	return keys, nil
}

// Bucket is the store's.
func (s *Store) Bucket() string { return s.at.Bucket }

// PathStyle is whether the bucket is in the path.
func (s *Store) PathStyle() bool { return s.client.Options().UsePathStyle }

// Stalling is a connection as the store uses them, with another limit.
func Stalling(c net.Conn, limit time.Duration) net.Conn { return stallConn{c, limit} }

// ForeignOf has the objects of a store as files of others.
func ForeignOf(s *Store) *Foreign { return &Foreign{s} }

// PutAny writes an object of any key.
func PutAny(ctx context.Context, s *Store, key, text string) error {
	_, err := s.client.PutObject(ctx, &api.PutObjectInput{
		Bucket: &s.at.Bucket, Key: s.object(key), Body: strings.NewReader(text),
	})
	return err
}

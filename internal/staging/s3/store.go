package s3

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	api "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/logging"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/s3/s3url"
)

// pageKeys is how many keys S3 lists and deletes in one request, at most.
const pageKeys = 1000

// endpointRegion is what servers that are not AWS call their region by default.
const endpointRegion = "us-east-1"

func init() {
	staging.Register("s3", func(u *url.URL) (staging.Store, error) {
		l, err := s3url.Parse(u)
		if err != nil {
			return nil, err
		}
		return Open(context.Background(), l)
	})
}

// Store keeps staged files as objects of one bucket, below one prefix.
type Store struct {
	client *api.Client
	at     s3url.Location
	// forget drops credentials that the server has called expired; nil where they cannot be.
	forget func()
	// page bounds the keys of a request, piece the bytes of one of a multipart upload.
	page  int32
	piece int64
}

var _ staging.Summed = (*Store)(nil)

// Shared says that workers on every machine see the same files.
func (*Store) Shared() bool { return true }

// Open makes a store of a location. Credentials, and the region where the location has none,
// are found by the AWS SDK's default chain. It sends no request: staging.Check does.
func Open(ctx context.Context, l s3url.Location) (*Store, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithHTTPClient(httpClient()), config.WithRetryer(retryer),
		config.WithLogger(logging.Nop{})) // what matters is in errors
	if err != nil {
		return nil, fmt.Errorf("reading the AWS settings of the environment: %w", err)
	}
	s := &Store{at: l, page: pageKeys, piece: pieceBytes}
	if cache, ok := cfg.Credentials.(*aws.CredentialsCache); ok {
		s.forget = cache.Invalidate
	}
	switch {
	case l.Region != "":
		cfg.Region = l.Region
	case cfg.Region == "" && l.Endpoint != "":
		cfg.Region = endpointRegion
	case cfg.Region == "":
		return nil, fmt.Errorf("%w: no region: write s3://%s/…?region=…, or set AWS_REGION", staging.ErrURL, l.Bucket)
	}
	s.at.Region = cfg.Region
	s.client = api.NewFromConfig(cfg, func(o *api.Options) {
		o.UsePathStyle = l.PathStyle
		if l.Endpoint != "" {
			o.BaseEndpoint = &l.Endpoint
		}
		// Checksums are SHA-256 and computed here; those of other kinds only where S3 demands one.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
	})
	return s, nil
}

// object is the full name of a key in the bucket.
func (s *Store) object(key string) *string { return aws.String(s.at.Prefix + key) }

// Delete removes objects, many with one request.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	var errs []error
	ids := make([]types.ObjectIdentifier, 0, len(keys))
	for _, key := range keys {
		if err := staging.CheckKey(key); err != nil {
			errs = append(errs, err)
			continue
		}
		ids = append(ids, types.ObjectIdentifier{Key: s.object(key)})
	}
	for len(ids) > 0 {
		n := min(len(ids), int(s.page))
		if err := s.deletePage(ctx, ids[:n]); err != nil {
			errs = append(errs, err)
			if ctx.Err() != nil {
				break
			}
		}
		ids = ids[n:]
	}
	return errors.Join(errs...)
}

func (s *Store) deletePage(ctx context.Context, ids []types.ObjectIdentifier) error {
	out, err := s.client.DeleteObjects(ctx, &api.DeleteObjectsInput{
		Bucket: &s.at.Bucket, Delete: &types.Delete{Objects: ids, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return s.fail(ctx, "deleting", err)
	}
	var errs []error
	for _, e := range out.Errors {
		if code := aws.ToString(e.Code); code != codeNoSuchKey {
			key := strings.TrimPrefix(aws.ToString(e.Key), s.at.Prefix)
			errs = append(errs, s.refusal("deleting "+key, answer{code: code, message: aws.ToString(e.Message)}, nil))
		}
	}
	return errors.Join(errs...)
}

// List calls f for each object of ours whose key begins with prefix.
func (s *Store) List(ctx context.Context, prefix string, f func(staging.Entry) error) error {
	pages := api.NewListObjectsV2Paginator(s.client, &api.ListObjectsV2Input{
		Bucket: &s.at.Bucket, Prefix: s.object(prefix), MaxKeys: &s.page,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s.fail(ctx, fmt.Sprintf("listing %q", prefix), err)
		}
		for i := range page.Contents {
			o := &page.Contents[i]
			key, ours := strings.CutPrefix(aws.ToString(o.Key), s.at.Prefix)
			if !ours || staging.CheckKey(key) != nil {
				continue
			}
			if err := f(staging.Entry{
				Key: key, Size: aws.ToInt64(o.Size),
				Modified: aws.ToTime(o.LastModified),
			}); err != nil {
				return fmt.Errorf("listing %q: %w", prefix, err)
			}
		}
	}
	return nil
}

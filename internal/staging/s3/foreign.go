package s3

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/tablehaul/tablehaul/internal/files"
	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/s3/s3url"
)

func init() {
	files.Register("s3", func(u *url.URL) (files.Store, error) {
		l, err := s3url.Parse(u)
		if err != nil {
			return nil, foreign(err)
		}
		s, err := Open(context.Background(), l)
		if err != nil {
			return nil, foreign(err)
		}
		return &Foreign{s}, nil
	})
}

// Foreign has the objects that others write, of one bucket below one prefix.
type Foreign struct{ store *Store }

var _ files.Store = (*Foreign)(nil)

// version of an object: the server's tag of its content, and its size.
func version(tag *string, size int64) string {
	return fmt.Sprintf("%s-%d", strings.Trim(aws.ToString(tag), `"`), size)
}

// List follows the pages of a listing. A server that gives the same page twice would never end it.
func (f *Foreign) List(ctx context.Context, prefix string, each func(files.Entry) error) error {
	s := f.store
	seen := map[string]bool{}
	in := &api.ListObjectsV2Input{Bucket: &s.at.Bucket, Prefix: s.object(prefix), MaxKeys: &s.page}
	for {
		page, err := s.client.ListObjectsV2(ctx, in)
		if err != nil {
			return foreign(s.fail(ctx, fmt.Sprintf("listing %q", prefix), err))
		}
		for i := range page.Contents {
			o := &page.Contents[i]
			key, below := strings.CutPrefix(aws.ToString(o.Key), s.at.Prefix)
			if !below || key == "" || strings.HasSuffix(key, "/") { // what stands for a folder
				continue
			}
			if err := each(files.Entry{
				Key: key, Size: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified).UTC(),
				Version: version(o.ETag, aws.ToInt64(o.Size)),
			}); err != nil {
				return fmt.Errorf("listing %q: %w", prefix, err)
			}
		}
		next := aws.ToString(page.NextContinuationToken)
		switch {
		case !aws.ToBool(page.IsTruncated):
			return nil
		case next == "" || seen[next]:
			return fmt.Errorf("listing %q: %w: the server does not end its listing: it gives the same page again",
				prefix, files.ErrRejected)
		}
		seen[next], in.ContinuationToken = true, &next
	}
}

// Stat asks for one object.
func (f *Foreign) Stat(ctx context.Context, key string) (files.Entry, error) {
	out, err := f.store.head(ctx, key)
	if err != nil {
		return files.Entry{}, foreign(err)
	}
	size := aws.ToInt64(out.ContentLength)
	return files.Entry{
		Key: key, Size: size, Modified: aws.ToTime(out.LastModified).UTC(), Version: version(out.ETag, size),
	}, nil
}

// Open looks an object up. Its bytes are fetched in blocks, each only while the object has the content that was opened.
func (f *Foreign) Open(ctx context.Context, e files.Entry) (files.File, error) {
	out, err := f.store.head(ctx, e.Key)
	if err != nil {
		return nil, foreign(err)
	}
	size := aws.ToInt64(out.ContentLength)
	if e.Version != "" && version(out.ETag, size) != e.Version {
		return nil, fmt.Errorf("%s: %w", e.Key, files.ErrChanged)
	}
	return newBlocks(&object{store: f.store, ctx: ctx, key: e.Key, tag: out.ETag, size: size}), nil
}

// Remove removes an object that still is the version of e. The server compares once more when it removes; one that
// ignores If-Match leaves the moment between both looks.
func (f *Foreign) Remove(ctx context.Context, e files.Entry) error {
	now, err := f.unchanged(ctx, e)
	if err != nil || now == nil {
		return err
	}
	_, err = f.store.client.DeleteObject(ctx, &api.DeleteObjectInput{
		Bucket: &f.store.at.Bucket, Key: f.store.object(e.Key), IfMatch: now.ETag,
	})
	return f.conditional(ctx, "removing", e, err)
}

// CanPutAway knows nothing before: what the credentials may do shows when it is done.
func (f *Foreign) CanPutAway(context.Context, files.Entry, string, bool) error { return nil }

// Move copies an object, of 5 GiB at most, and removes it under its former key.
func (f *Foreign) Move(ctx context.Context, e files.Entry, to string) error {
	now, err := f.unchanged(ctx, e)
	if err != nil || now == nil {
		return err
	}
	s := f.store
	from := (&url.URL{Path: s.at.Bucket + "/" + *s.object(e.Key)}).EscapedPath()
	_, err = s.client.CopyObject(ctx, &api.CopyObjectInput{
		Bucket: &s.at.Bucket, Key: s.object(to), CopySource: &from, CopySourceIfMatch: now.ETag,
	})
	if err != nil {
		return f.conditional(ctx, "moving", e, err)
	}
	return f.Remove(ctx, e)
}

// unchanged looks at an object that still is the version of e; nil where the object is gone.
func (f *Foreign) unchanged(ctx context.Context, e files.Entry) (now *api.HeadObjectOutput, err error) {
	now, err = f.store.head(ctx, e.Key)
	switch {
	case errors.Is(err, staging.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, foreign(err)
	case e.Version != "" && version(now.ETag, aws.ToInt64(now.ContentLength)) != e.Version:
		return nil, fmt.Errorf("%s: %w", e.Key, files.ErrChanged)
	}
	return now, nil
}

// conditional is the error of a request that was for the version of e; nil where the object is gone.
func (f *Foreign) conditional(ctx context.Context, doing string, e files.Entry, err error) error {
	if err == nil {
		return nil
	}
	if answerOf(err).status == statusPreconditionFailed {
		// The object may also be gone: an earlier try, whose answer was lost, has removed it.
		if now, lookErr := f.unchanged(ctx, e); lookErr != nil || now == nil {
			return lookErr
		}
	}
	err = foreign(f.store.fail(ctx, doing+" "+e.Key, err))
	if errors.Is(err, files.ErrNotFound) {
		return nil
	}
	return err
}

// classes are the errors of others' files for those of staging.
var classes = []struct{ staging, files error }{
	{staging.ErrNotFound, files.ErrNotFound},
	{staging.ErrRejected, files.ErrRejected},
	{staging.ErrCredentials, files.ErrCredentials},
	{staging.ErrUnavailable, files.ErrUnavailable},
	{staging.ErrURL, files.ErrURL},
	{staging.ErrFull, files.ErrRejected},
}

// foreign is an error of this package for a store of others' files: of its classes, and in words that are true there.
func foreign(err error) error {
	if err == nil {
		return nil
	}
	text := strings.ReplaceAll(err.Error(), "staging.url", "files.url")
	text = strings.ReplaceAll(text, grants, "grant s3:GetObject on bucket/prefix/* and s3:ListBucket on the "+
		"bucket, and for files.after s3:PutObject and s3:DeleteObject")
	out := &failure{text: text, cause: err}
	if errors.Is(err, errReplaced) {
		out.class = files.ErrChanged
		return out
	}
	for _, c := range classes {
		if errors.Is(err, c.staging) {
			out.class = c.files
			out.text = strings.ReplaceAll(out.text, c.staging.Error(), c.files.Error())
			out.cause = nil // its classes are those of staging
			break
		}
	}
	return out
}

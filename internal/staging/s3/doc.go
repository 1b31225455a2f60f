// Package s3 is the staging store in a bucket of S3, or of a server that speaks S3.
//
// It owns the objects below its prefix and nothing else of the bucket, which other programs
// makes: region, lifecycle, encryption and access are the bucket's (docs/staging.md). The
// manifest is put with If-None-Match, so a server without conditional writes is refused.
//
// Its one invariant: an object is under its key only when all of its bytes are, as S3 itself
// promises; what an upload that is broken off leaves behind is not an object, and goes by the
// bucket's lifecycle rule where it could not be taken back.
package s3

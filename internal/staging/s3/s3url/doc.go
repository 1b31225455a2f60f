// Package s3url reads URLs of the form s3://bucket/prefix?region=…: what they may hold, and
// what is wrong with one, in words for its writer.
//
// It is apart from the store so that a program that only checks a configuration carries no client of S3. Its one
// invariant: a Location holds no credentials, and no error repeats the URL or a value of it that could be one.
package s3url

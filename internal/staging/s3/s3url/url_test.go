package s3url_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/s3/s3url"
)

func parse(t *testing.T, text string) (s3url.Location, error) {
	t.Helper()
	u, err := url.Parse(text)
	require.NoError(t, err)
	return s3url.Parse(u)
}

func TestParse(t *testing.T) {
	for text, want := range map[string]s3url.Location{
		"s3://bucket":                     {Bucket: "bucket"},
		"s3://bucket/":                    {Bucket: "bucket"},
		"s3://my.bucket-1/a/b":            {Bucket: "my.bucket-1", Prefix: "a/b/"},
		"s3://bucket/a/?region=eu-west-1": {Bucket: "bucket", Prefix: "a/", Region: "eu-west-1"},
		"s3://bucket/a?pathStyle=true":    {Bucket: "bucket", Prefix: "a/", PathStyle: true},
		"s3://bucket/a?sse=AES256":        {Bucket: "bucket", Prefix: "a/", SSE: "AES256"},
		"s3://bucket/a?sse=aws:kms":       {Bucket: "bucket", Prefix: "a/", SSE: "aws:kms"},
		"s3://bucket?endpoint=http://h:1/": {
			Bucket: "bucket", Endpoint: "http://h:1",
			PathStyle: true,
		},
		"s3://bucket?endpoint=https%3A%2F%2Fh&pathStyle=false": {Bucket: "bucket", Endpoint: "https://h"},
		"s3://bucket?sse=aws:kms&kmsKey=arn:aws:kms:eu-west-1:1:key/2": {
			Bucket: "bucket", SSE: "aws:kms", KMSKey: "arn:aws:kms:eu-west-1:1:key/2",
		},
	} {
		got, err := parse(t, text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"s3:///prefix":             "no bucket",
		"s3:bucket/prefix":         "write s3://bucket/prefix",
		"s3://bucket/a#b":          "write s3://bucket/prefix",
		"s3://me:hunter2@bucket/a": "credentials come from the environment",
		"s3://bucket:9000/a":       "a bucket has no port",
		"s3://Bucket/a":            `"Bucket" is no name of a bucket`,
		"s3://b/a":                 "3 to 63",
		"s3://bucket/a//b":         "single slashes",
		"s3://bucket/../b":         "begins with a dot",
		"s3://bucket/a%20b":        "letters, digits",
		"s3://bucket/" + strings.Repeat("x", 250) + "/" + strings.Repeat("y", 250): "at most 255",
		"s3://bucket/a?regoin=x":                         `unknown parameter "regoin": there are endpoint, kmsKey, pathStyle, region, sse`,
		"s3://bucket/a?Region=x":                         `unknown parameter "Region"`,
		"s3://bucket/a?accessKey=hunter2":                `unknown parameter "accessKey": credentials come from the environment`,
		"s3://bucket/a?aws_secret_access_key=hunter2":    "credentials come from the environment",
		"s3://bucket/a?profile=hunter2":                  "credentials come from the environment",
		"s3://bucket/a?region=a&region=b":                "parameter region is given twice",
		"s3://bucket/a?region=":                          "parameter region is no region",
		"s3://bucket/a?region=a%20b":                     "parameter region is no region",
		"s3://bucket/a?pathStyle=1":                      "parameter pathStyle is neither true nor false",
		"s3://bucket/a?sse=kms":                          "parameter sse is not one of AES256, aws:kms, aws:kms:dsse",
		"s3://bucket/a?kmsKey=k":                         "parameter kmsKey needs sse=aws:kms",
		"s3://bucket/a?sse=AES256&kmsKey=k":              "parameter kmsKey needs sse=aws:kms",
		"s3://bucket/a?sse=aws:kms&kmsKey=":              "parameter kmsKey is empty",
		"s3://bucket/a?endpoint=h:9000":                  "parameter endpoint is no URL of a server",
		"s3://bucket/a?endpoint=ftp://h":                 "parameter endpoint is no URL of a server",
		"s3://bucket/a?endpoint=https://h/bucket":        "parameter endpoint has more than a host",
		"s3://bucket/a?endpoint=https://me:hunter2@h":    "parameter endpoint holds a user or password",
		"s3://bucket/a?endpoint=https://me:hun%257fter2": "parameter endpoint",
		"s3://bucket/a?region=x;y":                       "parameters cannot be read",
	} {
		_, err := parse(t, text)
		require.ErrorIs(t, err, staging.ErrURL, text)
		require.ErrorContains(t, err, want, text)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

func FuzzParse(f *testing.F) {
	f.Add("s3://bucket/prefix?region=eu-west-1&endpoint=https://h&sse=aws:kms&kmsKey=k")
	f.Add("s3://b@c:1/..?a;b")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		l, err := s3url.Parse(u)
		if err != nil {
			require.ErrorIs(t, err, staging.ErrURL)
			return
		}
		require.NotEmpty(t, l.Bucket)
		require.NoError(t, staging.CheckKey(l.Prefix+"x"))
	})
}

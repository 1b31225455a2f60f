package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

func loadStaging(url string) error {
	_, err := config.Load(strings.NewReader(`
connections: { a: { dsn: "u@tcp(h)/" } }
staging: { url: "`+url+`" }
defaults: { sourceConnection: a, targetConnection: a }
tables: [ { name: s.t, target: d.t } ]
`), func(string) string { return "" })
	return err
}

func TestStagingURLs(t *testing.T) {
	for _, url := range []string{
		"file:///var/lib/tablehaul", "s3://bucket", "s3://bucket/a/b/?region=eu-central-1",
		"s3://bucket/a?endpoint=https://s3.example.com:9000&pathStyle=false&sse=aws:kms&kmsKey=alias/staging",
	} {
		require.NoError(t, loadStaging(url), url)
	}
	for url, want := range map[string]string{
		"/var/lib":                            "is not a URL",
		"gs://bucket/x":                       "gs:// is not a store",
		"file://host/x":                       "is not the URL of an absolute path",
		"file:///x?region=a":                  "has parameters",
		"s3://me:hunter2@bucket/x":            "holds a user or password",
		"file://me:hunter2@/x":                "holds a user or password",
		"s3:///x":                             "no bucket",
		"s3://bucket:9000/x":                  "a bucket has no port",
		"s3://bucket/x?secretKey=hunter2":     `unknown parameter "secretKey" (line 3); credentials come from the environment`,
		"s3://bucket/x?regoin=eu-1":           `unknown parameter "regoin" (line 3); there are endpoint, kmsKey, pathStyle, region, sse`,
		"s3://bucket/x?endpoint=http://a@b:c": "parameter endpoint",
	} {
		err := loadStaging(url)
		require.ErrorContains(t, err, "staging.url: ", url)
		require.ErrorContains(t, err, want, url)
		require.NotContains(t, err.Error(), "hunter2")
	}
}

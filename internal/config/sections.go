package config

import (
	"cmp"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/s3/s3url"
)

var connectionFields = []field[Connection]{
	{"dsn", "", "required", "user:password@tcp(host:3306)/ in the form of go-sql-driver/mysql. Take it, or the password in it, from the environment or a file.", setDSN},
	wordField("tls", "", []string{"disabled", "required", "verify-ca", "verify-identity"}, "How the connection is secured; nothing falls back silently. Without the key: what the DSN's tls parameter says, else disabled for a loopback address or a unix socket, else verify-identity.",
		func(c *Connection) *string { return &c.TLS }),
	{"ca", "", "a path", "PEM file of the certificate authorities to trust. Empty: the system's.", func(d *decoder, a at, c *Connection) {
		if v, ok := d.sealedScalar(a); ok {
			c.CA = v.text
		}
	}},
	intField("maxConnections", defaultMaxConnections, 1, 1000, "Connections that one worker process opens at most, for reading and for writing each.",
		func(c *Connection) *int { return &c.MaxConnections }),
}

// defaultMaxConnections is enough for the default bounds of two tables at once
// (ranges × chunks each) and far from a server's default limit of 151.
const defaultMaxConnections = 16

var stagingFields = []field[Staging]{
	{"url", "", "required", "Where staged files stand, the same for every worker: file:///an/absolute/folder, or s3://bucket/prefix with the parameters `region`, `endpoint`, `pathStyle`, `sse` and `kmsKey` ([staging.md](staging.md)). Credentials are not part of it.", setStagingURL},
	wordField("compression", defaultCompression, []string{"snappy", "none", "zstd", "gzip", "lz4"}, "How staged files are packed.",
		func(s *Staging) *string { return &s.Compression }),
}

const defaultCompression = "snappy"

// setDSN checks the little that can be said without the driver, and shows nothing of the text.
func setDSN(d *decoder, a at, c *Connection) {
	v, ok := d.sealedScalar(a)
	c.DSN = DSN(v.text)
	if !ok {
		return
	}
	if !strings.Contains(v.text, "/") {
		d.problem(a, "write user:password@tcp(host:3306)/", "is not a DSN: no slash after the address")
	}
}

func setStagingURL(d *decoder, a at, s *Staging) {
	v, ok := d.sealedScalar(a)
	s.URL = v.text
	if !ok {
		return
	}
	const remedy = "write file:///an/absolute/folder or s3://bucket/prefix?region=…"
	u, err := url.Parse(v.text)
	switch {
	case err != nil || u.Scheme == "":
		d.problem(a, remedy, "is not a URL")
	case u.User != nil:
		d.problem(a, "leave them out: credentials come from the environment", "holds a user or password")
	case u.Scheme == "s3":
		if _, err := s3url.Parse(u); err != nil {
			what, to, _ := strings.Cut(strings.TrimPrefix(err.Error(), staging.ErrURL.Error()+": "), ": ")
			d.problem(a, cmp.Or(to, remedy), "%s", what)
		}
	case u.Scheme != "file":
		d.problem(a, remedy, "%s:// is not a store that this version knows", u.Scheme)
	case u.Host != "" || !filepath.IsAbs(u.Path):
		d.problem(a, remedy, "is not the URL of an absolute path")
	case u.RawQuery != "" || u.Fragment != "":
		d.problem(a, remedy, "has parameters, which a folder does not know")
	}
}

// setPattern reads a table name that may hold one *.
func setPattern(to func(*entry) *pattern) func(*decoder, at, *entry) {
	return func(d *decoder, a at, e *entry) {
		v, ok := d.scalar(a)
		if !ok {
			to(e).broken = true
			return
		}
		p, wrong := parsePattern(v.text)
		if wrong != "" {
			d.problem(a, "write schema.table; a name with a dot, a backtick or a * of its own goes into backticks", "%s %s", v.shown, wrong)
			to(e).broken = true
			return
		}
		*to(e) = p
	}
}

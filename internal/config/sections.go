package config

import (
	"cmp"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/staging"
	"github.com/tablehaul/tablehaul/internal/staging/s3/s3url"
)

var connectionFields = []field[Connection]{
	{"dsn", "", "required", "user:password@tcp(host:3306)/ in the form of go-sql-driver/mysql. Take it, or the " +
		"password in it, from the environment or a file.", setDSN},
	wordField("tls", "", []string{"disabled", "required", "verify-ca", "verify-identity"},
		"How the connection is secured; nothing falls back silently. Without the key: what the DSN's tls parameter "+
			"says, else disabled for a loopback address or a unix socket, else verify-identity.",
		func(c *Connection) *string { return &c.TLS }),
	{"ca", "", "a path", "PEM file of the certificate authorities to trust. Empty: the system's.", setCA},
	intField("maxConnections", defaultMaxConnections, 1, 1000,
		"Connections that one worker process opens at most, for reading and for writing each. The limit of the "+
			"login (MAX_USER_CONNECTIONS), less one, and half of the server's max_connections bound it further.",
		func(c *Connection) *int { return &c.MaxConnections }),
}

// defaultMaxConnections is enough for the default bounds of two tables at once
// (ranges × chunks each) and far from a server's default limit of 151.
const defaultMaxConnections = 16

var stagingFields = []field[Staging]{
	{"url", "", "required", "Where staged files stand: file:///an/absolute/folder, or s3://bucket/prefix with the " +
		"parameters `region`, `endpoint`, `pathStyle`, `sse` and `kmsKey` ([staging.md](staging.md)). Credentials " +
		"are not part of it.", setStagingURL},
	wordField("compression", defaultCompression, []string{"snappy", "none", "zstd", "gzip", "lz4"},
		"How staged files are packed.",
		func(s *Staging) *string { return &s.Compression }),
	boolField("shared", false, "The folder is the same one on every machine, as on a network file system. false: "+
		"the steps of a run stay on the machine that has its files; another takes over when that is gone.",
		func(s *Staging) *bool { return &s.Shared }),
	durationField("sweepAfter", defaultSweepAfter, 0, 365*day,
		"Files that runs have left which were terminated, or whose worker died, are removed when they are this old. "+
			"0: they stay.",
		func(s *Staging) *time.Duration { return &s.SweepAfter }),
	durationField("keep", 0, 0, 3650*day, "How long the files of a run stay after it, which hold its rows: "+
		"`tablehaul replay` loads their keys again. 0: they go when the run ends. Tables of files keep none.",
		func(s *Staging) *time.Duration { return &s.Keep }),
}

// defaultSweepAfter leaves a day in which people can look at what a terminated run has staged.
const defaultSweepAfter = day

var workerFields = []field[Worker]{
	{
		"host", "the host name", "up to 64 letters, digits, dots, dashes and underscores",
		"Name of the machine, where the files of its runs are. Give it where the host name changes and the files " +
			"stay, as in a container with a volume; no two machines may have the same.", setHost,
	},
	intField("activities", defaultWorker.Activities, 2, 1000,
		"Steps that the worker runs at once. Each may hold a chunk's rows in memory.",
		func(w *Worker) *int { return &w.Activities }),
	intField("workflowTasks", defaultWorker.WorkflowTasks, 2, 1000,
		"Decisions of workflows that the worker makes at once; each takes milliseconds.",
		func(w *Worker) *int { return &w.WorkflowTasks }),
	intField("pollers", defaultWorker.Pollers, 2, 100, "Requests for work that the worker keeps open, for each task "+
		"queue and kind of work. More than work arrives for only cost connections.",
		func(w *Worker) *int { return &w.Pollers }),
}

// defaultWorker: each activity may hold a row group of a staged file, so that their number
// bounds a worker's memory; five pollers keep as many slots busy as one machine has use for.
var defaultWorker = Worker{Activities: 32, WorkflowTasks: 100, Pollers: 5}

var hostName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func setHost(d *decoder, a at, w *Worker) {
	v, ok := d.sealedScalar(a) // the command line runs where a worker's variables are not set
	w.Host = v.text
	if ok && !hostName.MatchString(v.text) {
		d.problem(a, "use up to 64 letters, digits, dots, dashes and underscores", "%s is not the name of a machine",
			v.shown)
	}
}

const defaultCompression = "snappy"

func setStagingURL(d *decoder, a at, s *Staging) { s.URL = d.storeURL(a) }

// storeURL reads the URL of a folder or a bucket.
func (d *decoder) storeURL(a at) string {
	v, ok := d.sealedScalar(a)
	if !ok {
		return v.text
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
	case u.Host != "" || !path.IsAbs(u.Path):
		d.problem(a, remedy, "is not the URL of an absolute path")
	case u.RawQuery != "" || u.Fragment != "":
		d.problem(a, remedy, "has parameters, which a folder does not know")
	}
	return v.text
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
			d.problem(a, "write schema.table; a name with a dot, a backtick or a * of its own goes into backticks",
				"%s %s", v.shown, wrong)
			to(e).broken = true
			return
		}
		*to(e) = p
	}
}

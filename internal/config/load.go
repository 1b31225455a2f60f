package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"unicode/utf8"

	yaml "github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds the file: a configuration is kilobytes, and a device or a dump named by
// mistake must not fill the memory.
const maxFile = 1 << 20

// byteOrderMark is what editors of Windows write before UTF-8.
const byteOrderMark = "\uFEFF"

// Option changes how Load reads.
type Option func(*decoder)

// WithoutSecrets leaves the variables of connections, staging, notifications, mask keys and URLs of files unread. It is
// for programs that open none of these, such as the command line, so that they run where the secrets are not.
func WithoutSecrets() Option { return func(d *decoder) { d.sealed = true } }

// LoadFile is Load of the file at path. A file that cannot be opened keeps its os error:
// errors.Is(err, fs.ErrNotExist) works.
func LoadFile(path string, getenv func(string) string, opts ...Option) (*Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	defer func() { _ = f.Close() }() // only read from
	var mode fs.FileMode
	if info, err := f.Stat(); err == nil {
		mode = info.Mode()
	}
	return LoadAs(path, f, mode, getenv, opts...)
}

// LoadAs is Load of what a file at path with a mode, 0 for an unknown one, holds.
func LoadAs(
	path string, r io.Reader, mode fs.FileMode, getenv func(string) string, opts ...Option,
) (*Config, error) {
	d := newDecoder(getenv, opts)
	d.mode = mode
	c, err := d.load(r)
	if problems := (*Problems)(nil); errors.As(err, &problems) {
		problems.File = path
	}
	if err != nil {
		return nil, err
	}
	c.File = path
	return c, nil
}

// Load reads a configuration and checks all of it. Where the content is at fault, the error is
// a *Problems that lists everything wrong with it.
func Load(r io.Reader, getenv func(string) string, opts ...Option) (*Config, error) {
	return newDecoder(getenv, opts).load(r)
}

func newDecoder(getenv func(string) string, opts []Option) *decoder {
	d := &decoder{getenv: getenv, expanded: map[string]string{}}
	for _, o := range opts {
		o(d)
	}
	return d
}

func (d *decoder) load(r io.Reader) (*Config, error) {
	content, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the configuration: %w", err)
	}
	c := &Config{Connections: map[string]Connection{}}
	if root, ok := d.parse(content); ok {
		d.decode(root, c)
		c.sealed = d.withoutSecrets(root)
	}
	if len(d.problems) > 0 {
		return nil, &Problems{List: sorted(d.problems)}
	}
	d.warnReadable(d.mode)
	c.Warnings = sorted(d.warnings)
	return c, nil
}

// withoutSecrets is what a program reads of the same file with WithoutSecrets; nil where this one does.
func (d *decoder) withoutSecrets(root at) *Config {
	if d.sealed {
		return nil
	}
	c := &Config{Connections: map[string]Connection{}}
	(&decoder{getenv: d.getenv, expanded: d.expanded, sealed: true}).decode(root, c)
	return c
}

// parse reads the syntax. Its messages leave out the source text, which may hold a password.
func (d *decoder) parse(content []byte) (at, bool) {
	if len(content) > maxFile {
		d.problem(at{}, "is this the right file?", "larger than %s", formatSize(maxFile))
		return at{}, false
	}
	content = bytes.TrimPrefix(content, []byte(byteOrderMark))
	if !utf8.Valid(content) {
		d.problem(at{}, "save it as UTF-8", "the file is not UTF-8")
		return at{}, false
	}
	// YAML takes both for the end of a line; the parser counts one too many where a comment ends with \r\n.
	content = bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n"))
	file, err := parser.ParseBytes(content, 0)
	if err != nil {
		p := Problem{Text: "not valid YAML", Remedy: `a value with {, }, :, # or ${ in it goes into "quotes"`}
		if syntax := yaml.Error(nil); errors.As(err, &syntax) {
			p.Text += ": " + syntax.GetMessage()
			if tk := syntax.GetToken(); tk != nil && tk.Position != nil {
				p.Line = tk.Position.Line
			}
		}
		d.problems = append(d.problems, p)
		return at{}, false
	}
	switch len(file.Docs) {
	case 0:
		return at{}, true
	case 1:
		return at{node: file.Docs[0].Body}, true
	default:
		d.problem(at{node: file.Docs[1].Body}, "keep one", "more than one YAML document")
		return at{}, false
	}
}

// document is the file's top level, as far as places are concerned.
type document struct{ connections, staging, worker, metrics, log, notifications, defaults, tables at }

var documentFields = []field[document]{
	{"connections", "", "required", "Servers by name.", func(_ *decoder, a at, x *document) { x.connections = a }},
	{
		"staging", "", "required", "Where files are between source and target.",
		func(_ *decoder, a at, x *document) { x.staging = a },
	},
	{"worker", "", "", "What one worker process takes on.", func(_ *decoder, a at, x *document) { x.worker = a }},
	{
		"metrics", "", "", "Where a worker serves metrics and health by HTTP.",
		func(_ *decoder, a at, x *document) { x.metrics = a },
	},
	{"log", "", "", "What a worker writes to its standard error.", func(_ *decoder, a at, x *document) { x.log = a }},
	{
		"notifications", "", "", "Where messages about tables go that fail, are stale, or recover.",
		func(_ *decoder, a at, x *document) { x.notifications = a },
	},
	{
		"defaults", "", "", "Settings of every table that does not set them itself.",
		func(_ *decoder, a at, x *document) { x.defaults = a },
	},
	{"tables", "", "required", "The tables to keep fresh.", func(_ *decoder, a at, x *document) { x.tables = a }},
}

func (d *decoder) decode(root at, c *Config) {
	doc := document{
		connections: at{path: "connections"}, staging: at{path: "staging"}, worker: at{path: "worker"},
		metrics: at{path: "metrics"}, log: at{path: "log"}, notifications: at{path: "notifications"},
		defaults: at{path: "defaults"}, tables: at{path: "tables"},
	}
	decodeMapping(d, root, documentFields, otherTools(documentWords), &doc)
	d.connections(doc.connections, c)

	c.Staging = Staging{Compression: defaultCompression, SweepAfter: defaultSweepAfter}
	found := decodeMapping(d, doc.staging, stagingFields, nil, &c.Staging)
	if _, ok := found["url"]; !ok {
		d.missing(doc.staging, "staging.url", "for example file:///var/lib/tablehaul")
	}

	c.Worker = defaultWorker
	decodeMapping(d, doc.worker, workerFields, nil, &c.Worker)
	d.monitoring(doc, c)

	defaults := builtin
	places := decodeMapping(d, doc.defaults, settings, defaultsHints, &defaults)
	d.checkConnection(c, places["sourceConnection"], defaults.SourceConnection)
	d.checkConnection(c, places["targetConnection"], defaults.TargetConnection)
	d.tables(doc.tables, defaults, c)
}

// connectionName keeps names fit for histories, logs and metrics.
var connectionName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

func (d *decoder) connections(a at, c *Config) {
	for _, kv := range d.pairs(a) {
		place := at{join(a.path, kv.key), kv.value}
		if !connectionName.MatchString(kv.key) {
			d.problem(at{place.path, kv.keyNode}, "use up to 64 letters, digits, dots, dashes and underscores",
				"is not a connection's name")
		}
		conn := Connection{MaxConnections: defaultMaxConnections}
		found := decodeMapping(d, place, connectionFields, otherTools(connectionWords), &conn)
		if _, ok := found["dsn"]; !ok {
			d.missing(place, join(place.path, "dsn"), `for example "${SHOP_DSN}"`)
		}
		d.checkDSN(found["dsn"], found["ca"], conn)
		c.Connections[kv.key] = conn
	}
	if len(c.Connections) == 0 {
		d.missing(a, a.path, "name at least one server")
	}
}

package config

import (
	"net"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
)

// Metrics says where a worker serves metrics and health by HTTP.
type Metrics struct {
	// Listen is host:port; empty opens no port.
	Listen string
}

// Log says what a worker writes to its standard error.
type Log struct {
	// Format is "text" or "json", Level "debug", "info", "warn" or "error".
	Format string
	Level  string
}

// Notifications say where messages about tables go that fail, are stale, or recover.
type Notifications struct {
	// Webhook is the URL that a message is posted to; empty sends none. It is a secret, since
	// for some receivers all who know it may post.
	Webhook Secret
	// Header is the request's header that carries Secret, where there is one.
	Header string
	Secret Secret
}

// A Secret is a text that no verb prints.
type Secret string

// Reveal is the text itself.
func (s Secret) Reveal() string { return string(s) }

// String says no more than whether there is a text.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString masks %#v like String does.
func (s Secret) GoString() string { return `"` + s.String() + `"` }

// MarshalText masks JSON, YAML and log/slog like String does.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

const (
	defaultLogFormat = "text"
	defaultLogLevel  = "info"
	defaultHeader    = "Authorization"
)

var metricsFields = []field[Metrics]{
	textField("listen", "", "host:port", "Address of /metrics (Prometheus), /livez and /readyz. They ask for no "+
		"password: choose an address that only your monitoring reaches. Port 0 is any free one, which the log "+
		"names. Empty: no port is opened.",
		checkListen, func(m *Metrics) *string { return &m.Listen }),
}

var logFields = []field[Log]{
	wordField("format", defaultLogFormat, []string{"text", "json"},
		"Form of the worker's log lines. --log-json is json, with any value here.",
		func(l *Log) *string { return &l.Format }),
	wordField("level", defaultLogLevel, []string{"debug", "info", "warn", "error"},
		"Lines below it are left out. info has a line per step, warn only what went wrong.",
		func(l *Log) *string { return &l.Level }),
}

var notificationsFields = []field[Notifications]{
	{"webhook", "", "http:// or https://", "URL that a JSON message is posted to when a table fails, is stale " +
		"(staleAfter) or recovers. Slack and its kin show its text. Take the URL from the environment. Empty: " +
		"no message is sent.", setWebhook},
	textField("header", defaultHeader, "a header's name", "Header of the request that carries secret.",
		checkHeader, func(n *Notifications) *string { return &n.Header }),
	{"secret", "", "a header's value", "Value of that header, such as “Bearer …”, from the environment or a file. " +
		"Empty: the header is not sent.", setSecret},
}

// monitoring reads the three sections about how a worker tells of itself.
func (d *decoder) monitoring(doc document, c *Config) {
	c.Log = Log{Format: defaultLogFormat, Level: defaultLogLevel}
	c.Notifications = Notifications{Header: defaultHeader}
	decodeMapping(d, doc.metrics, metricsFields, nil, &c.Metrics)
	decodeMapping(d, doc.log, logFields, nil, &c.Log)
	found := decodeMapping(d, doc.notifications, notificationsFields, nil, &c.Notifications)
	if _, ok := found["webhook"]; !ok && len(found) > 0 {
		d.missing(doc.notifications, "notifications.webhook", `for example "${TABLEHAUL_WEBHOOK}"`)
	}
}

func checkListen(s string) (wrong, remedy string) {
	if s == "" {
		return "", ""
	}
	const write = "write host:port, such as 127.0.0.1:9464"
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return "is not an address", write
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "has no port from 0 to 65535", write
	}
	return "", ""
}

func checkHeader(s string) (wrong, remedy string) {
	const write = "write one such as Authorization or X-Webhook-Secret"
	for _, r := range s {
		if r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return "is not a header's name", write
		}
	}
	switch textproto.CanonicalMIMEHeaderKey(s) {
	case "":
		return "is not a header's name", write
	case "Content-Type", "Content-Length", "Host", "Transfer-Encoding", "Connection":
		return "is a header that HTTP needs for itself", write
	}
	return "", ""
}

// setWebhook shows nothing of the text: it may hold a token.
func setWebhook(d *decoder, a at, n *Notifications) {
	v, ok := d.sealedScalar(a)
	n.Webhook = Secret(v.text)
	if isLiteral(a) {
		d.secrets = append(d.secrets, a)
	}
	if !ok || v.text == "" {
		return
	}
	u, err := url.Parse(v.text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		d.problem(a, "write https://host/path", "is not the URL of a webhook")
	}
}

func setSecret(d *decoder, a at, n *Notifications) {
	v, ok := d.sealedScalar(a)
	n.Secret = Secret(v.text)
	if isLiteral(a) {
		d.secrets = append(d.secrets, a)
	}
	if ok && strings.ContainsFunc(v.text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		d.problem(a, "remove line breaks and control characters", "cannot be the value of a header")
	}
}

package s3url

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tablehaul/tablehaul/internal/staging"
)

// maxPrefix bounds the prefix in bytes: with it, the longest key of ours stays within S3's 1,024.
const maxPrefix = 1024 - staging.MaxKey - 1

// Location is where a store on S3 keeps its objects, and how it speaks to the server.
type Location struct {
	Bucket string
	// Prefix is what all keys begin with: empty, or with a slash at its end.
	Prefix string
	// Region is that of the bucket; empty leaves it to the environment.
	Region string
	// Endpoint is the server, http(s)://host[:port]; empty is AWS, or the environment's.
	Endpoint string
	// PathStyle puts the bucket into the path and not into the host name. Without the
	// parameter it is true where there is an endpoint, which rarely has a name per bucket.
	PathStyle bool
	// SSE is "", "AES256", "aws:kms" or "aws:kms:dsse"; empty is the bucket's own setting.
	SSE string
	// KMSKey is a key's id, ARN or alias for SSE by KMS; empty is the account's own key.
	KMSKey string
}

// encryptions are what SSE may be.
var encryptions = []string{"AES256", "aws:kms", "aws:kms:dsse"}

// parameters read one parameter each, and say what is wrong with it.
var parameters = map[string]func(l *Location, value string) string{
	"region": func(l *Location, v string) string {
		l.Region = v
		return unless(regionName.MatchString(v), "is no region: write one like eu-central-1")
	},
	"endpoint": func(l *Location, v string) string {
		l.Endpoint = strings.TrimSuffix(v, "/")
		return wrongEndpoint(l.Endpoint)
	},
	"pathStyle": func(l *Location, v string) string {
		var err error
		l.PathStyle, err = strconv.ParseBool(v)
		return unless(err == nil && v == strconv.FormatBool(l.PathStyle), "is neither true nor false")
	},
	"sse": func(l *Location, v string) string {
		l.SSE = v
		return unless(slices.Contains(encryptions, v), "is not one of "+strings.Join(encryptions, ", "))
	},
	"kmsKey": func(l *Location, v string) string {
		l.KMSKey = v
		return unless(v != "", "is empty: name a key's id, ARN or alias, or leave it out")
	},
}

// Names are the parameters that a URL may have, sorted.
func Names() []string { return slices.Sorted(maps.Keys(parameters)) }

var (
	// S3's own rule for new buckets: lower case, 3 to 63 characters.
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	regionName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,40}$`)
)

// Parse reads the location out of an s3 URL. Errors wrap staging.ErrURL.
func Parse(u *url.URL) (Location, error) {
	var l Location
	if wrong := l.place(u); wrong != "" {
		return Location{}, fmt.Errorf("%w: %s", staging.ErrURL, wrong)
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Location{}, fmt.Errorf("%w: its parameters cannot be read: write name=value, with & between them",
			staging.ErrURL)
	}
	l.PathStyle = query.Has("endpoint")
	for _, name := range slices.Sorted(maps.Keys(query)) {
		set, known := parameters[name]
		switch {
		case !known && secretive(name):
			return Location{}, fmt.Errorf("%w: unknown parameter %q: credentials come from the environment, by the "+
				"AWS SDK's own chain", staging.ErrURL, name)
		case !known:
			return Location{}, fmt.Errorf("%w: unknown parameter %q: there are %s", staging.ErrURL, name,
				strings.Join(Names(), ", "))
		case len(query[name]) > 1:
			return Location{}, fmt.Errorf("%w: parameter %s is given twice", staging.ErrURL, name)
		}
		if wrong := set(&l, query.Get(name)); wrong != "" {
			return Location{}, fmt.Errorf("%w: parameter %s %s", staging.ErrURL, name, wrong)
		}
	}
	if l.KMSKey != "" && !strings.HasPrefix(l.SSE, "aws:kms") {
		return Location{}, fmt.Errorf("%w: parameter kmsKey needs sse=aws:kms", staging.ErrURL)
	}
	return l, nil
}

// place reads bucket and prefix, and says what is wrong with them.
func (l *Location) place(u *url.URL) string {
	const form = "write s3://bucket/prefix?region=…"
	switch {
	case u.User != nil:
		return "holds a user or password: credentials come from the environment, by the AWS SDK's own chain"
	case u.Opaque != "" || u.Fragment != "":
		return "an s3 url is a bucket, a prefix and parameters: " + form
	case u.Host == "":
		return "no bucket: " + form
	case u.Port() != "" || strings.Contains(u.Host, ":"):
		return "a bucket has no port: write s3://bucket/prefix?endpoint=http://host:port"
	case !bucketName.MatchString(u.Host):
		return fmt.Sprintf("%q is no name of a bucket: 3 to 63 lower-case letters, digits, dots and dashes", u.Host)
	}
	l.Bucket = u.Host
	prefix := strings.Trim(u.Path, "/")
	if prefix == "" {
		return ""
	}
	if staging.CheckKey(prefix) != nil {
		return "a prefix is made of letters, digits and ._~- with single slashes between, and no part of it begins " +
			"with a dot"
	}
	if len(prefix) > maxPrefix {
		return fmt.Sprintf("a prefix of %d bytes: at most %d", len(prefix), maxPrefix)
	}
	l.Prefix = prefix + "/"
	return ""
}

func wrongEndpoint(text string) string {
	const form = ": write https://host or https://host:port"
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return "cannot be parsed" + form
	case u.User != nil:
		return "holds a user or password: credentials come from the environment, by the AWS SDK's own chain"
	case u.Scheme != "https" && u.Scheme != "http" || u.Host == "":
		return "is no URL of a server" + form
	case u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return "has more than a host" + form
	}
	return ""
}

// secretive is a name under which people try to pass credentials.
func secretive(name string) bool {
	low := strings.ToLower(name)
	return slices.ContainsFunc([]string{"access", "secret", "token", "credential", "password", "session", "profile"},
		func(word string) bool { return strings.Contains(low, word) })
}

func unless(right bool, wrong string) string {
	if right {
		return ""
	}
	return wrong
}

package files

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Opener opens the store that a URL names. The URL has the scheme that it was registered for, and holds no user and no
// password.
type Opener func(u *url.URL) (Store, error)

var (
	openersMu sync.Mutex
	openers   = map[string]Opener{}
)

// Register makes Open know a scheme. Packages of stores call it when they are initialised; a scheme twice is a
// programming error and panics.
func Register(scheme string, open Opener) {
	openersMu.Lock()
	defer openersMu.Unlock()
	if _, twice := openers[scheme]; twice {
		panic("files: scheme registered twice: " + scheme)
	}
	openers[scheme] = open
}

// Open opens the store that a URL names, such as file:///lake/export. The package of the store must be imported. It
// does not look whether the folder or the bucket is there. Errors wrap ErrURL where the URL itself is at fault.
func Open(rawURL string) (Store, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme == "" {
		return nil, fmt.Errorf("%w cannot be read: write %s", ErrURL, examples())
	}
	openersMu.Lock()
	open := openers[u.Scheme]
	openersMu.Unlock()
	switch {
	case open == nil:
		return nil, fmt.Errorf("%w: unknown scheme %q: write %s", ErrURL, u.Scheme, examples())
	case u.User != nil:
		return nil, fmt.Errorf("%w holds a user or password: credentials come from the environment", ErrURL)
	}
	return open(u)
}

func examples() string {
	openersMu.Lock()
	defer openersMu.Unlock()
	known := slices.Sorted(maps.Keys(openers))
	for i := range known {
		known[i] += "://…"
	}
	return strings.Join(known, " or ")
}

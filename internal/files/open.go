package files

import (
	"fmt"
	"net/url"

	"github.com/tablehaul/tablehaul/internal/scheme"
)

// Opener opens the store that a URL names. The URL has the scheme that it was registered for, and holds no user and no
// password.
type Opener func(u *url.URL) (Store, error)

var openers scheme.Openers[Store]

// Register makes Open know a scheme. Packages of stores call it when they are initialised; a scheme twice is a
// programming error and panics.
func Register(name string, open Opener) { openers.Register("files", name, open) }

// Open opens the store that a URL names, such as file:///lake/export. The package of the store must be imported. It
// does not look whether the folder or the bucket is there. Errors wrap ErrURL where the URL itself is at fault.
func Open(rawURL string) (Store, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme == "" {
		return nil, fmt.Errorf("%w cannot be read: write %s", ErrURL, openers.Examples())
	}
	open := openers.Of(u.Scheme)
	switch {
	case open == nil:
		return nil, fmt.Errorf("%w: unknown scheme %q: write %s", ErrURL, u.Scheme, openers.Examples())
	case u.User != nil:
		return nil, fmt.Errorf("%w holds a user or password: credentials come from the environment", ErrURL)
	}
	return open(u)
}

package staging

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/tablehaul/tablehaul/internal/scheme"
)

// ErrURL is returned by Open for a URL that names no usable store. The text says what to
// change, and never repeats the URL, which could hold a secret.
var ErrURL = errors.New("staging url")

// Opener opens the store that a URL names. The URL has the scheme that it was registered for
// and holds no user and no password.
type Opener func(u *url.URL) (Store, error)

var openers scheme.Openers[Store]

// Register makes Open know a scheme. Packages of stores call it when they are initialised; a
// scheme twice is a programming error and panics.
func Register(name string, open Opener) { openers.Register("staging", name, open) }

// Open opens the store that a URL names, such as file:///var/lib/tablehaul. The package of
// the store must be imported. Errors wrap ErrURL where the URL itself is at fault.
func Open(rawURL string) (Store, error) {
	if rawURL == "" {
		return nil, fmt.Errorf("%w is empty: write %s", ErrURL, openers.Examples())
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("%w cannot be parsed: write %s", ErrURL, openers.Examples())
	}
	open := openers.Of(u.Scheme)
	if open == nil {
		if u.Scheme == "" {
			return nil, fmt.Errorf("%w has no scheme: write %s", ErrURL, openers.Examples())
		}
		return nil, fmt.Errorf("%w: unknown scheme %q: write %s", ErrURL, u.Scheme, openers.Examples())
	}
	if u.User != nil {
		return nil, fmt.Errorf("%w holds a user or password: credentials come from the environment", ErrURL)
	}
	return open(u)
}

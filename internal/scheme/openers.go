package scheme

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Openers are what opens the URLs of one purpose, by scheme. The zero value has none. It is safe for concurrent use.
type Openers[S any] struct {
	mu  sync.Mutex
	all map[string]func(u *url.URL) (S, error)
}

// Register adds a scheme. A scheme twice is a programming error and panics, with what it is for.
func (o *Openers[S]) Register(what, scheme string, open func(u *url.URL) (S, error)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, twice := o.all[scheme]; twice {
		panic(what + ": scheme registered twice: " + scheme)
	}
	if o.all == nil {
		o.all = map[string]func(u *url.URL) (S, error){}
	}
	o.all[scheme] = open
}

// Of is what opens URLs of a scheme; nil where none does.
func (o *Openers[S]) Of(scheme string) func(u *url.URL) (S, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all[scheme]
}

// Examples are the schemes that are known, for people: "file://… or s3://…".
func (o *Openers[S]) Examples() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	known := slices.Sorted(maps.Keys(o.all))
	for i := range known {
		known[i] += "://…"
	}
	return strings.Join(known, " or ")
}

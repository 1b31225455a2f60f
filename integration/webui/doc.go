// Package webui looks at Temporal's Web UI with a real browser: its test reads what people see
// of a live run, and takes the screenshots of docs/images.
//
// It is a Go module of its own, since a browser's protocol is no dependency of the product.
package webui

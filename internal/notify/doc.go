// Package notify tells a webhook of a table that fails, is stale, or has recovered.
//
// It owns the message's form and one try to deliver it; when to tell, and to try again, is the
// caller's. Its one invariant: neither the webhook's URL nor its secret is in an error.
package notify

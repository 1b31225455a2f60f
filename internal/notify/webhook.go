package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	// tryTimeout bounds one try, answer included.
	tryTimeout = 10 * time.Second
	// maxAnswer is how much of an answer is read, so that the connection can be used again.
	maxAnswer = 64 << 10
)

// A Webhook is where messages are posted to. A nil *Webhook drops them.
type Webhook struct {
	url, header, secret string
	client              *http.Client
}

// NewWebhook posts to url with the given header, which is left out where secret is empty. It is nil for an empty url.
func NewWebhook(url, header, secret string) *Webhook {
	if url == "" {
		return nil
	}
	return &Webhook{url: url, header: header, secret: secret, client: &http.Client{
		Timeout: tryTimeout,
		// A redirect would carry the secret to a server that was not named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Send tries once to deliver a message. Any answer but 2xx is an error. Its text holds neither
// the URL, nor the secret, nor the answer, which may repeat them.
func (w *Webhook) Send(ctx context.Context, m Message) error { return w.send(ctx, m) }

// SendDigest is Send of a digest.
func (w *Webhook) SendDigest(ctx context.Context, m DigestMessage) error { return w.send(ctx, m) }

func (w *Webhook) send(ctx context.Context, m any) error {
	if w == nil {
		return nil
	}
	body, err := encode(m)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return errors.New("notifications.webhook is not the URL of a webhook")
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "tablehaul")
	if w.secret != "" {
		req.Header.Set(w.header, w.secret)
	}
	answer, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("post to the webhook: %w", withoutURL(err))
	}
	defer answer.Body.Close() //nolint:errcheck // what was read is dropped
	_, _ = io.CopyN(io.Discard, answer.Body, maxAnswer)
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("the webhook answered %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return nil
}

// withoutURL is what went wrong, without the URL that net/http puts before it.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

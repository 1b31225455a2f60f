package app

import (
	"sync/atomic"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/notify"
)

// live is the configuration that steps use: each step that begins takes the present one. A run keeps the settings that
// it was planned with.
type live struct {
	current atomic.Pointer[loaded]
	// refused is what the file has become and was not taken over; nil where the file is in use.
	refused atomic.Pointer[api.RefusedConfig]
}

// loaded is a configuration and what is made of it once.
type loaded struct {
	cfg     *config.Config
	webhook *notify.Webhook
}

func newLive(cfg *config.Config) *live {
	l := &live{}
	l.set(cfg)
	return l
}

func (l *live) set(cfg *config.Config) {
	n := cfg.Notifications
	l.current.Store(&loaded{cfg, notify.NewWebhook(n.Webhook.Reveal(), n.Header, n.Secret.Reveal())})
}

func (l *live) now() *config.Config { return l.current.Load().cfg }

// webhook is nil where the configuration names none.
func (l *live) webhook() *notify.Webhook { return l.current.Load().webhook }

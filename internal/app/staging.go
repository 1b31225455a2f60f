package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"github.com/tablehaul/tablehaul/internal/staging"
	_ "github.com/tablehaul/tablehaul/internal/staging/file" // file:// URLs
	_ "github.com/tablehaul/tablehaul/internal/staging/s3"   // s3:// URLs
)

// checkTimeout bounds the look at staging when a worker starts: a server that does not answer
// is better told to a supervisor than waited for in silence.
const checkTimeout = time.Minute

// openStaging opens the store of a URL and proves that this worker can use it.
func openStaging(ctx context.Context, rawURL string, log *slog.Logger) (staging.Store, error) {
	store, err := staging.Open(rawURL)
	if err != nil {
		return nil, fmt.Errorf("staging.url: %w", refusedFolder(err))
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	if err := staging.Check(ctx, store); err != nil {
		return nil, fmt.Errorf("staging.url: %w", err)
	}
	if w, ok := store.(interface{ Warning() string }); ok && w.Warning() != "" {
		log.Warn("staging.url", "warning", w.Warning())
	}
	return store, nil
}

// refusedFolder adds to an error what to do where this process may not use the folder, such as a service whose
// configuration a person has written with a folder below their own home.
func refusedFolder(err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w: name a folder that this worker's account (uid %d) may write", err, os.Geteuid())
}

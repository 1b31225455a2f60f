package world_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// clockActions set the source's clock. They are for those who look for new worlds: the plans of known
// seeds do without.
var clockActions = []action{
	{name: "the source's clock is set back", weight: 2, allowed: []string{failure.WatermarkAhead}, do: setClockBack},
}

// setsClocks reports whether steps may set clocks.
func setsClocks() bool {
	return os.Getenv(budgetVariable) != "" || strings.Contains(os.Getenv(onlyVariable), "clock")
}

// setClockBack is ten seconds to ten minutes; then the clock is right again.
func setClockBack(w *world, r *rand.Rand) (healer, error) {
	for _, t := range w.tables {
		if t.cursor.repeats {
			return nil, nil // an overlap of its own has to cover it
		}
	}
	offset := -10*time.Second - moments(r, 10*time.Minute).Truncate(time.Second)
	w.say("  by %s", -offset)
	if err := w.setClock(offset); err != nil {
		return nil, err
	}
	return func() error { return w.setClock(0) }, nil
}

// setClock sets the source's clock and waits until the server goes by it.
func (w *world) setClock(offset time.Duration) error {
	if err := w.source.clock.Set(offset); err != nil {
		return err
	}
	for limit := time.Now().Add(runLimit); time.Now().Before(limit); pause(w.t.Context(), 50*time.Millisecond) {
		var now int64
		if err := w.source.admin.QueryRowContext(w.t.Context(), "SELECT UNIX_TIMESTAMP()").Scan(&now); err != nil {
			return err
		}
		if time.Until(time.Unix(now, 0).Add(-offset)).Abs() < 3*time.Second {
			return nil
		}
	}
	return fmt.Errorf("the source's clock does not follow")
}

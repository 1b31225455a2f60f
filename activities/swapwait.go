package activities

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/mysqldb/swap"
)

// settle waits until no transaction is open that is older than the load's end, or rebuilds the loaded table.
func (w *swapping) settle(ctx context.Context) error {
	for !w.now().Settled {
		list, known, err := swap.Transactions(ctx, w.db.DB)
		if err != nil {
			return err
		}
		if w.update(func(p *swapProgress) { w.compare(p, list, known) }); w.now().Settled {
			return nil
		}
		p := w.now()
		left := w.a.deps.Sizes.SwapPatience - time.Since(p.Since)
		if !known || left <= 0 {
			return w.rebuild(ctx)
		}
		why := fmt.Sprintf("the swap waits for transactions that are older than the load, %s at most: %s",
			human.Duration(w.a.deps.Sizes.SwapPatience), names(p.Older))
		if err := w.pause(ctx, min(swapPause, left), why); err != nil {
			return err
		}
	}
	return nil
}

// compare takes in a list of the open transactions. The first one is that of those which are older.
func (w *swapping) compare(p *swapProgress, list []swap.Session, known bool) {
	switch {
	case !known:
	case !p.Looked:
		p.Looked, p.Older = true, list
	default:
		p.Older = swap.Remaining(p.Older, list)
	}
	p.Settled = known && len(p.Older) == 0
}

// rebuild makes the transactions that are older fail with error 1412 when they read the table, instead of seeing a part
// of its rows.
func (w *swapping) rebuild(ctx context.Context) error {
	w.update(func(p *swapProgress) { p.Waiting = "" })
	err := w.db.Rebuild(ctx, w.r.plan.Replacement.Load)
	if err == nil {
		w.update(func(p *swapProgress) { p.Settled, p.Rebuilt = true, true })
		activity.RecordHeartbeat(ctx, w.now())
	}
	return err
}

// names are sessions in one text, the first few of them.
func names(list []swap.Session) string {
	const most = 3
	var texts []string
	for _, s := range list[:min(len(list), most)] {
		texts = append(texts, s.String())
	}
	text := strings.Join(texts, ", ")
	if rest := len(list) - most; rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

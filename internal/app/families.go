package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/clock"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
)

const (
	// familiesEvery is the pause between two looks for new tables of families, familiesFirst is before the first one:
	// workers that are started one after the other have begun to answer then.
	familiesEvery = 5 * time.Minute
	familiesFirst = 15 * time.Second
	// familiesTimeout bounds a look: a source may be away.
	familiesTimeout = time.Minute
)

// scheduler is what keepScheduling asks of Temporal: a *remote.Client.
type scheduler interface {
	StartList(ctx context.Context) (remote.Execution, error)
	WaitList(ctx context.Context, e remote.Execution) (api.ListTablesResult, error)
	SchedulesByID(ctx context.Context, ids []string) ([]*remote.Schedule, error)
	CreateSchedule(ctx context.Context, want remote.ScheduleSpec) error
}

// keepScheduling makes the schedules of tables that join a family with scheduleFamily: auto, beside the worker's work.
// The function it returns ends that.
func keepScheduling(ctx context.Context, c client.Client, l *live, queue string, log *slog.Logger) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	s := remote.Over(c, "", "", queue)
	go func() {
		defer close(done)
		for pause := familiesFirst; clock.Sleep(ctx, pause) == nil; pause = familiesEvery {
			err := scheduleFamilies(ctx, s, l.now(), queue, log)
			if err != nil && ctx.Err() == nil {
				log.Warn("new tables of families have no schedule yet", "error", err, "again", familiesEvery.String())
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// scheduleFamilies makes the schedules that tables of such families lack.
func scheduleFamilies(ctx context.Context, s scheduler, cfg *config.Config, queue string, log *slog.Logger) error {
	auto := map[string]bool{}
	for _, p := range cfg.Patterns() {
		if p.Settings().ScheduleFamily == config.FamilyAuto {
			auto[p.Name] = true
		}
	}
	if len(auto) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, familiesTimeout)
	defer cancel()
	e, err := s.StartList(ctx)
	if err != nil {
		return err
	}
	listed, err := s.WaitList(ctx, e)
	if err != nil {
		return err
	}
	wanted := membersSchedules(cfg, listed, auto)
	ids := make([]string, len(wanted))
	for i, w := range wanted {
		ids[i] = w.ID(queue)
	}
	have, err := s.SchedulesByID(ctx, ids)
	if err != nil {
		return err
	}
	remote.KeepPauses(wanted, have)
	for i, one := range have {
		if one != nil {
			continue
		}
		if err := s.CreateSchedule(ctx, wanted[i]); err != nil {
			return fmt.Errorf("%s: %w", wanted[i].Table, err)
		}
		log.Info("schedule made for a table of a family", "table", wanted[i].Table, "schedule", wanted[i].Text(),
			"paused", wanted[i].FirstPause() != "")
	}
	return nil
}

// membersSchedules are the schedules that the tables of the families have by the configuration.
func membersSchedules(cfg *config.Config, l api.ListTablesResult, auto map[string]bool) (out []remote.ScheduleSpec) {
	for _, t := range l.Tables {
		n, err := table.ParseName(t.Table)
		if err != nil || !auto[t.Family] {
			continue
		}
		settings, err := cfg.Table(n)
		if err != nil {
			continue // another worker, with another file, has listed it
		}
		for _, spec := range remote.SpecsOf(settings) {
			if !spec.When.None() {
				out = append(out, spec)
			}
		}
	}
	return out
}

package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/human"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/table"
)

// Values of tableStatus.Settings where the worker's settings are not those of the file at hand.
const (
	settingsDiffer  = "differ"
	settingsMissing = "missing"
)

// fleet is what status knows beside the states of tables: each is asked for once, however many tables there are.
type fleet struct {
	// worker says that a worker polls the task queue.
	worker bool
	// going are the tables that have a state, and what goes on of them.
	going remote.Going
	// listed are the worker's tables, listed at listedAt; nil where no worker has listed them.
	listed   *api.ListTablesResult
	listedAt time.Time
	// schedules are those of runs by table; nil where Temporal does not return them.
	schedules map[string]*remote.Schedule
}

// askFleet asks for all of a fleet side by side. It takes a list of the worker's tables from before where that is young
// enough. What cannot be asked for is missing, and a note says so of schedules.
func (a *app) askFleet(ctx context.Context, s service, c *config.Config, before fleet) (fleet, error) {
	var out fleet
	var err error
	if out.worker, err = s.HasWorker(ctx); err != nil {
		return out, a.fromTemporal(ctx, err)
	}
	group := errgroup.Group{}
	group.Go(func() (err error) {
		out.going, err = s.Going(ctx)
		return err
	})
	group.Go(func() error {
		found, err := s.Schedules(ctx, true)
		if err != nil {
			a.printNote("the status lacks the schedules: %s", err)
			return nil
		}
		out.schedules = map[string]*remote.Schedule{}
		for i, one := range found {
			known := out.schedules[one.Table]
			if one.Depth == "" && !one.Elsewhere && (known == nil || !known.Ours) {
				out.schedules[one.Table] = &found[i]
			}
		}
		return nil
	})
	if before.listed != nil && time.Since(before.listedAt) < listTTL {
		out.listed, out.listedAt = before.listed, before.listedAt
	} else if out.worker {
		group.Go(func() error {
			out.listed, out.listedAt = listInTime(ctx, s), time.Now()
			if r := out.refused(); r != nil {
				a.printNote("%s; %s", refusedText(r), refusedRemedy(r))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return out, a.fromTemporal(ctx, err)
	}
	return out, nil
}

// noteUnlisted says what the command does not know where no worker has listed the tables in time. c is nil without a
// configuration at hand.
func (a *app) noteUnlisted(c *config.Config) {
	if c == nil || len(c.Patterns()) > 0 {
		a.printNote("no worker has listed its tables within %s: tables of names with a * that have had no run are "+
			"missing here; tablehaul plan --all says what the list waits for", human.Duration(familiesTimeout))
	}
}

// listTTL is how long status --watch uses a list of the worker's tables.
const listTTL = time.Minute

// listInTime asks a worker for its tables; nil where none lists them in five seconds.
func listInTime(ctx context.Context, s service) *api.ListTablesResult {
	ctx, cancel := context.WithTimeout(ctx, familiesTimeout)
	defer cancel()
	e, err := s.StartList(ctx)
	if err != nil {
		return nil
	}
	listed, err := s.WaitList(ctx, e)
	if err != nil {
		return nil
	}
	return &listed
}

// refused is what the worker has not taken over; nil where its file is in use, or where that is not known.
func (f *fleet) refused() *api.RefusedConfig {
	if f.listed == nil {
		return nil
	}
	return f.listed.Refused
}

// refusedText says that a worker goes on with an older configuration, and refusedRemedy what to do about it.
func refusedText(r *api.RefusedConfig) string {
	why := "it has problems"
	if r.Restart != "" {
		why = "only a worker that starts takes over " + r.Restart
	}
	return "the worker has refused its configuration file " + age(r.Since) + " ago, and uses the one before: " + why
}

func refusedRemedy(r *api.RefusedConfig) string {
	if r.Restart != "" {
		return "restart the worker"
	}
	return "correct the worker's file: tablehaul config check says what is wrong"
}

// settings are the digests of the worker's settings by table; nil where they are not known.
func (f fleet) settings() map[string]string {
	if f.listed == nil || len(f.listed.Tables) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, t := range f.listed.Tables {
		out[t.Table] = t.Settings
	}
	return out
}

// complete adds to the states what the fleet and the configuration say of each table, and the issues.
func (a *app) complete(ctx context.Context, s service, c *config.Config, f fleet, all []tableStatus) {
	digests := f.settings()
	for i := range all {
		one := &all[i]
		settings := settingsOf(c, one.Table)
		one.noWorker, one.refused = !f.worker, f.refused()
		if f.schedules != nil && one.Schedule == nil {
			one.Schedule = f.schedules[one.Table]
		}
		one.Comparing, one.Sweeping = going(f.going.Comparisons, one.Table), going(f.going.Sweeps, one.Table)
		if e, ok := f.going.Runs[one.Table]; ok && (one.State == nil || one.State.Lease == nil) {
			one.Queued = &e
			if one.Run == nil && f.worker {
				one.Run, _ = askRun(ctx, s, e)
			}
		}
		one.setStale(staleAfterOf(settings, one.State))
		if settings == nil {
			continue
		}
		if digests != nil {
			one.Settings = compareSettings(c, settings.Name, digests)
		}
		one.Unscheduled = f.schedules != nil && one.Schedule == nil && !settings.Schedule.None()
	}
	a.confirmUnscheduled(ctx, s, all)
	for i := range all {
		all[i].Issues = issuesOf(all[i])
	}
}

// going is the workflow of a table; nil where none goes on.
func going(all map[string]remote.Execution, tbl string) *remote.Execution {
	if e, ok := all[tbl]; ok {
		return &e
	}
	return nil
}

// confirmUnscheduled asks again for schedules that the list lacks: Temporal's list is a moment old.
func (a *app) confirmUnscheduled(ctx context.Context, s service, all []tableStatus) {
	var ids []string
	var missing []*tableStatus
	for i := range all {
		if all[i].Unscheduled {
			ids, missing = append(ids, remote.ScheduleID(a.taskQueue, all[i].Table)), append(missing, &all[i])
		}
	}
	if len(ids) == 0 {
		return
	}
	found, err := s.SchedulesByID(ctx, ids)
	for i, one := range missing {
		if err != nil {
			one.Unscheduled = false // it is not known
		} else if found[i] != nil && !found[i].Elsewhere {
			one.Schedule, one.Unscheduled = found[i], false
		}
	}
}

// setStale compares the lag with the table's staleAfter, 0 for never.
func (one *tableStatus) setStale(after time.Duration) {
	if after == 0 {
		return
	}
	limit := after.Seconds()
	one.StaleAfterSeconds = &limit
	one.Stale = one.LagSeconds != nil && *one.LagSeconds > limit
}

// settingsOf is the table's configuration; nil where the file at hand does not have the table.
func settingsOf(c *config.Config, name string) *config.Table {
	n, err := table.ParseName(name)
	if c == nil || err != nil {
		return nil
	}
	t, err := c.Table(n)
	if err != nil {
		return nil
	}
	return &t
}

// compareSettings compares the settings of a table with those of the worker.
func compareSettings(c *config.Config, n table.Name, theirs map[string]string) string {
	ours, err := c.Digest(n)
	if err != nil {
		return ""
	}
	switch digest, ok := theirs[n.String()]; {
	case !ok:
		return settingsMissing
	case digest != ours:
		return settingsDiffer
	}
	return ""
}

package app

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/remote"
)

// fakeScheduler is Temporal with some schedules, and a worker that lists tables.
type fakeScheduler struct {
	listed api.ListTablesResult
	have   map[string]*remote.Schedule
	made   []string
}

func (f *fakeScheduler) StartList(context.Context) (remote.Execution, error) {
	return remote.Execution{}, nil
}

func (f *fakeScheduler) WaitList(context.Context, remote.Execution) (api.ListTablesResult, error) {
	return f.listed, nil
}

func (f *fakeScheduler) SchedulesByID(_ context.Context, ids []string) (out []*remote.Schedule, _ error) {
	for _, id := range ids {
		out = append(out, f.have[id])
	}
	return out, nil
}

func (f *fakeScheduler) CreateSchedule(_ context.Context, want remote.ScheduleSpec) error {
	id := want.ID(api.DefaultTaskQueue)
	f.made, f.have[id] = append(f.made, id), &remote.Schedule{
		ID: id, Paused: want.PausedNote != "", Note: want.PausedNote,
	}
	return nil
}

// A table that joins a family with scheduleFamily: auto gets its schedules once. A schedule that is there stays.
func TestNewTablesOfFamiliesGetTheirSchedules(t *testing.T) {
	cfg, err := config.Load(strings.NewReader(`
connections:
  shop: { dsn: "r:x@tcp(127.0.0.1:1)/" }
  dw: { dsn: "r:x@tcp(127.0.0.1:2)/" }
staging: { url: "file:///tmp/x" }
defaults: { sourceConnection: shop, targetConnection: dw, schedule: 5m }
tables:
  - { name: "a.log_*", scheduleFamily: auto, verify: { every: 24h } }
  - { name: "a.old_*" }
  - { name: a.one, scheduleFamily: auto }
`), func(string) string { return "" })
	require.NoError(t, err)
	f := &fakeScheduler{have: map[string]*remote.Schedule{}, listed: api.ListTablesResult{Tables: []api.ListedTable{
		{Table: "a.log_1", Family: "a.log_*"}, {Table: "a.old_1", Family: "a.old_*"}, {Table: "a.one"},
	}}}
	var log bytes.Buffer
	look := func() []string {
		f.made = nil
		require.NoError(t, scheduleFamilies(t.Context(), f, cfg, api.DefaultTaskQueue,
			slog.New(slog.NewTextHandler(&log, nil))))
		return f.made
	}
	require.Equal(t, []string{"tablehaul-a.log_1", "tablehaul-verify@a.log_1"}, look())
	require.Contains(t, log.String(), "schedule made for a table of a family")
	require.Empty(t, look(), "they are there")
	f.listed.Tables = append(f.listed.Tables, api.ListedTable{Table: "a.log_2", Family: "a.log_*"})
	require.Len(t, look(), 2)

	f.have = map[string]*remote.Schedule{"tablehaul-a.log_1": {Paused: true, Note: "the source is built again"}}
	require.Len(t, look(), 3)
	require.Equal(t, "the source is built again", f.have["tablehaul-verify@a.log_1"].Note, "the table is paused")
	require.True(t, f.have["tablehaul-verify@a.log_1"].Paused)
	require.Empty(t, f.have["tablehaul-a.log_2"].Note)
}

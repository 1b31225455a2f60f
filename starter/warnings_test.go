package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/owner"
)

func (f *fakeService) AckWarnings(_ context.Context, tbl string) (owner.State, error) {
	s := f.states[tbl]
	s.Warnings = owner.Acknowledged(s.Warnings)
	f.states[tbl] = s
	return s, f.act("ack " + tbl)
}

func TestWarningsAreGroupedAndAcknowledged(t *testing.T) {
	f := &fakeService{states: map[string]owner.State{}}
	for _, name := range []string{"shop.orders", "shop.countries", "shop.log_1"} {
		s := fresh(name, time.Minute)
		s.Warnings = []owner.Warning{{Text: "no index on " + name + ".updated_at", Since: time.Now().Add(-time.Hour)}}
		f.states[name] = s
	}
	require.Contains(t, call(t, f, "status").stdout, "3 warnings of 3 tables: tablehaul warnings\n")
	got := call(t, f, "warnings")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, "no index on TABLE.updated_at\n"+
		"  since 1h ago: shop.countries, shop.log_1 and shop.orders\n", got.stdout)

	got = call(t, f, "warnings", "ack", "shop.l*", "shop.orders")
	require.Equal(t, exitOK, got.code, got.stderr)
	require.Equal(t, []string{"ack shop.orders", "ack shop.log_1"}, f.did)
	require.Equal(t, "no index on shop.countries.updated_at\n  since 1h ago: shop.countries\n",
		call(t, f, "warnings").stdout)
	require.Equal(t, 3, strings.Count(call(t, f, "warnings", "--all", "--output", "json").stdout, "\n"))
	require.Equal(t, exitOK, call(t, f, "warnings", "ack", "--all").code)
	require.Contains(t, call(t, f, "warnings", "ack", "--all").stderr, "no warning that is not acknowledged")
	require.NotContains(t, call(t, f, "status").stdout, "warnings")
	require.Contains(t, call(t, f, "warnings").stderr, "no warning that is not acknowledged")
}

func TestARunPrintsNewWarnings(t *testing.T) {
	f := &fakeService{results: orders(func(r *api.SyncTableResult) {
		r.Warnings, r.KnownWarnings = []string{"old", "new"}, []string{"old"}
	})}
	got := call(t, f, "run", "shop.orders")
	require.Equal(t, exitOK, got.code)
	require.Contains(t, got.stderr, "shop.orders: warning: new\nshop.orders: 1 warning as before: tablehaul warnings "+
		"shop.orders\n")
	require.NotContains(t, got.stderr, "warning: old")
}

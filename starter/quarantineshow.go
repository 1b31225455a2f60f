package main

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/sealed"
)

func (a *app) quarantineShowCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show TABLE [RUN]",
		Short: "Print the keys and errors of rows in quarantine",
		Long: "Show prints the key of each row in quarantine, of all runs or of one, and what the target said of\n" +
			"it. A worker reads the list, and encrypts its answer for this one command: Temporal keeps no key in\n" +
			"clear text. Bytes that are no text are printed as 0x and hexadecimal digits.\n\n" + exitHelp,
		Example:           "  tablehaul quarantine show shop.orders",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeTables,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := a.tables(nil, args[:1])
			if err != nil {
				return err
			}
			in := api.ShowQuarantineInput{Table: names[0], Limit: shownAtOnce}
			if len(args) > 1 {
				in.Run = args[1]
			}
			s, err := a.connect(cmd.Context())
			if err != nil {
				return err
			}
			defer s.Close()
			return a.quarantineShow(cmd.Context(), s, in)
		},
	}
	a.outputFlag(cmd)
	return cmd
}

func (a *app) quarantineShow(ctx context.Context, s service, in api.ShowQuarantineInput) error {
	state, _, err := s.State(ctx, in.Table)
	if err != nil {
		return a.fromTemporal(ctx, err)
	}
	queues := append(state.Quarantine.Elsewhere(""), "")
	if state.Quarantine != nil && len(state.Quarantine.Hosts) == 0 {
		queues = []string{state.Quarantine.Queue}
	}
	t := newGrid("Key", "Set aside", "Error")
	n := 0
	for _, queue := range queues {
		in.Queue, in.After = queue, 0
		for {
			out, page, err := a.quarantinePage(ctx, s, in)
			if err != nil {
				return err
			}
			for _, e := range page.Entries {
				n++
				a.showEntry(t, in.Table, e)
			}
			if in.After = out.Next; out.Next == 0 {
				break
			}
		}
	}
	switch {
	case n == 0:
		a.printNote("%s: no row is in quarantine", in.Table)
	case !a.json():
		a.printGrid(t)
	}
	return nil
}

// quarantinePage asks a worker for a page.
func (a *app) quarantinePage(
	ctx context.Context, s service, in api.ShowQuarantineInput,
) (out api.ShowQuarantineResult, page api.QuarantinePage, err error) {
	key, err := sealed.NewKey()
	if err != nil {
		return out, page, err
	}
	out, err = askOne(ctx, a, s, in.Table, question[api.ShowQuarantineResult]{
		start: func(ctx context.Context, _ string) (remote.Execution, error) {
			return s.StartShowQuarantine(ctx, in, key)
		},
		wait: func(ctx context.Context, e remote.Execution) (out api.ShowQuarantineResult, err error) {
			out, page, err = s.WaitShowQuarantine(ctx, e, in.Table, key)
			return out, err
		},
	})
	if err != nil {
		err = a.fromTemporal(ctx, err)
	}
	return out, page, err
}

// shownEntry is a line of --output json.
type shownEntry struct {
	Table string `json:"table"`
	// Key has the key's values by column. Bytes of a binary column are 0x and hexadecimal digits.
	Key     map[string]string `json:"key"`
	Error   int               `json:"error"`
	Column  string            `json:"column,omitempty"`
	Message string            `json:"message"`
	Run     string            `json:"run"`
	At      time.Time         `json:"at"`
	Waiting bool              `json:"waiting,omitempty"`
}

func (a *app) showEntry(t *grid, tbl string, e api.QuarantineEntry) {
	one := shownEntry{
		Table: tbl, Key: keyTexts(e.KeyColumns, e.Key), Error: e.Error, Column: e.Column, Message: e.Message,
		Run: e.Run, At: e.At, Waiting: e.Waiting,
	}
	var key []string
	for i, c := range e.KeyColumns {
		key = append(key, c.Name+"="+valueText(e.Key[i], c.Binary))
	}
	if a.json() {
		a.printJSON(one)
		return
	}
	text := e.Message
	if e.Waiting {
		text = "waiting: " + text
	}
	t.add(cmp.Or(strings.Join(key, ", "), e.KeyHash), age(e.At)+" ago", text)
}

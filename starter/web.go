package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/temporalopts"
)

// errLinked ends a command that has printed the link it was asked for.
var errLinked = errors.New("the link is printed")

// webFlag adds --web to a command that starts runs, or shows some.
func (a *app) webFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&a.web, "web", false, "print the link into Temporal's Web UI and nothing else; a run that "+
		"this starts is not followed")
}

// webUI is the Web UI of the Temporal that the environment names.
func (a *app) webUI() temporalopts.Web { return temporalopts.WebFromEnv(a.getenv) }

// printOnlyLink answers --web. A link is "" where the Web UI's address is not known.
func (a *app) printOnlyLink(link string) error {
	if link == "" {
		return exitf(exitUsage, "the address of the Web UI is not known: set %s, such as https://temporal.example.com",
			temporalopts.WebVariable)
	}
	if a.json() {
		a.printJSON(map[string]string{"web": link})
		return nil
	}
	fmt.Fprintln(a.stdout, link)
	return nil
}

// started says where the Web UI shows an execution that has just begun. With --web it returns errLinked.
func (a *app) started(message func(text string), e remote.Execution) error {
	link := a.webUI().Run(e.WorkflowID, e.RunID)
	if a.web {
		if err := a.printOnlyLink(link); err != nil {
			return err
		}
		return errLinked
	}
	if link != "" && !a.quiet && !a.json() {
		message("Web UI: " + link)
	}
	return nil
}

// afterLinks ends a command that --web has made print links only.
func afterLinks(err error) error {
	if errors.Is(err, errLinked) {
		return &exitError{code: exitOK}
	}
	return err
}

// webLink is where the Web UI shows the run that holds the table, else its last one.
func (a *app) webLink(one tableStatus) string {
	if one.State == nil {
		return ""
	}
	if l := one.State.Lease; l != nil {
		return a.webUI().Run(l.WorkflowID, l.RunID)
	}
	if n := len(one.State.LastRuns); n > 0 {
		return a.webUI().Run(one.State.LastRuns[n-1].WorkflowID, one.State.LastRuns[n-1].RunID)
	}
	return ""
}

// printWebLinks answers --web of a command that shows tables.
func (a *app) printWebLinks(all []tableStatus) error {
	for _, one := range all {
		if one.State == nil {
			return exitf(exitFailed, "%s has never had a run", one.Table)
		}
		if err := a.printOnlyLink(a.webLink(one)); err != nil {
			return err
		}
	}
	return nil
}

// printStatusLinks answers status --web: of all tables, with the list of runs.
func (a *app) printStatusLinks(ctx context.Context, s service, c *config.Config, sel selection) error {
	if sel.all {
		return a.printOnlyLink(a.webUI().List())
	}
	all, err := a.askComplete(ctx, s, c, sel)
	if err != nil {
		return err
	}
	return a.printWebLinks(all)
}

// printList prints, for several runs, the link to the list of them all.
func (r *runner) printList() error {
	link := r.webUI().List()
	switch {
	case !r.several || r.json():
		return nil
	case r.web:
		return r.printOnlyLink(link)
	case link != "" && !r.quiet:
		fmt.Fprintf(r.stderr, "Web UI: %s\n", link)
	}
	return nil
}

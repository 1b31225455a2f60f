package app

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"github.com/tablehaul/tablehaul/workflows"
)

const (
	// searchableFor is how long an answer is trusted: a person may add the attributes, or take
	// them away, while workers run.
	searchableFor = 5 * time.Minute
	// searchableTimeout bounds asking and adding: a run waits for it.
	searchableTimeout = 5 * time.Second
)

// searchable knows whether a namespace has our search attributes, and adds them where it may.
//
// Nothing depends on them but lists: a namespace that does not have them, or does not let us
// look, is one in which runs set none.
type searchable struct {
	client    client.Client
	namespace string
	log       *slog.Logger

	mu     sync.Mutex
	asked  time.Time
	answer bool
	said   bool // that they cannot be added, and how a person does
}

func newSearchable(c client.Client, namespace string, log *slog.Logger) *searchable {
	return &searchable{client: c, namespace: namespace, log: log}
}

// known reports whether all of workflows.SearchAttributes are there, having added what is missing.
func (s *searchable) known(ctx context.Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.asked.IsZero() && time.Since(s.asked) < searchableFor {
		return s.answer
	}
	ctx, cancel := context.WithTimeout(ctx, searchableTimeout)
	defer cancel()
	s.answer = s.ask(ctx)
	s.asked = time.Now()
	return s.answer
}

func (s *searchable) ask(ctx context.Context) bool {
	have, err := s.list(ctx)
	if err != nil {
		if s.understood(ctx) {
			return true
		}
		s.say("are not there, or may not be used", workflows.SearchAttributes(), err)
		return false
	}
	missing := map[string]enumspb.IndexedValueType{}
	for name, typ := range workflows.SearchAttributes() {
		switch got, there := have[name]; {
		case !there:
			missing[name] = typ
		case got != typ:
			if !s.said {
				s.said = true
				s.log.Warn("search attribute has another type than ours: runs set none", "name", name, "type",
					got.String(), "wanted", typ.String())
			}
			return false
		}
	}
	if len(missing) == 0 {
		return true
	}
	_, err = s.client.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: s.namespace, SearchAttributes: missing,
	})
	if err != nil {
		if s.understood(ctx) {
			return true // another worker was quicker
		}
		s.say("are missing and cannot be added", missing, err)
		return false
	}
	s.log.Info("search attributes added", "namespace", s.namespace, "names", slices.Sorted(maps.Keys(missing)))
	return true
}

// list are the custom search attributes of the namespace.
func (s *searchable) list(ctx context.Context) (map[string]enumspb.IndexedValueType, error) {
	out, err := s.client.OperatorService().ListSearchAttributes(ctx,
		&operatorservice.ListSearchAttributesRequest{Namespace: s.namespace})
	return out.GetCustomAttributes(), err
}

// probe is a query that only a namespace which has all attributes understands. It is for those
// who may not look at the list.
var probe = fmt.Sprintf("%s = '-' AND %s = '-' AND %s = -1.5 AND %s = '2000-01-01T00:00:00Z'",
	workflows.AttributeTable, workflows.AttributePhase, workflows.AttributeLag, workflows.AttributeFreshAt)

func (s *searchable) understood(ctx context.Context) bool {
	_, err := s.client.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Namespace: s.namespace,
		Query:     probe,
	})
	return err == nil
}

// say tells once what a person may do. It is no warning: everything but lists works without.
func (s *searchable) say(what string, missing map[string]enumspb.IndexedValueType, err error) {
	if s.said {
		return
	}
	s.said = true
	var args []string
	for _, name := range slices.Sorted(maps.Keys(missing)) {
		args = append(args, "--name "+name+" --type "+missing[name].String())
	}
	s.log.Info("search attributes "+what+": runs go on, but cannot be listed by table", "namespace", s.namespace,
		"error", err,
		"todo", "temporal operator search-attribute create --namespace "+s.namespace+" "+strings.Join(args, " "))
}

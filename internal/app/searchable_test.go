package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"

	"github.com/tablehaul/tablehaul/workflows"
)

// namespaceStub is a namespace with search attributes, and what its client may do.
type namespaceStub struct {
	client.Client
	operatorservice.OperatorServiceClient
	have           map[string]enumspb.IndexedValueType
	noList, noAdd  bool
	lists, adds    int
	asked          []string
	understandsAll bool
}

var errDenied = errors.New("request unauthorized")

func (n *namespaceStub) OperatorService() operatorservice.OperatorServiceClient { return n }

func (n *namespaceStub) ListSearchAttributes(_ context.Context, in *operatorservice.ListSearchAttributesRequest,
	_ ...grpc.CallOption,
) (*operatorservice.ListSearchAttributesResponse, error) {
	n.lists++
	n.asked = append(n.asked, in.GetNamespace())
	if n.noList {
		return nil, errDenied
	}
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: n.have}, nil
}

func (n *namespaceStub) AddSearchAttributes(_ context.Context, in *operatorservice.AddSearchAttributesRequest,
	_ ...grpc.CallOption,
) (*operatorservice.AddSearchAttributesResponse, error) {
	n.adds++
	n.asked = append(n.asked, in.GetNamespace())
	if n.noAdd {
		return nil, errDenied
	}
	maps.Copy(n.have, in.GetSearchAttributes())
	return &operatorservice.AddSearchAttributesResponse{}, nil
}

func (n *namespaceStub) CountWorkflow(_ context.Context,
	in *workflowservice.CountWorkflowExecutionsRequest,
) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	for name := range workflows.SearchAttributes() {
		if !strings.Contains(in.GetQuery(), name) {
			return nil, errors.New("the probe does not ask for " + name)
		}
	}
	if !n.understandsAll {
		return nil, errors.New("invalid query: no mapping defined for search attribute TablehaulTable")
	}
	return &workflowservice.CountWorkflowExecutionsResponse{}, nil
}

func TestSearchAttributesAreAddedWhereThatIsAllowed(t *testing.T) {
	some := map[string]enumspb.IndexedValueType{workflows.AttributeTable: enumspb.INDEXED_VALUE_TYPE_KEYWORD}
	for name, c := range map[string]struct {
		stub *namespaceStub
		want bool
		adds int
		says string
	}{
		"all are there": {stub: &namespaceStub{have: workflows.SearchAttributes()}, want: true},
		"some are missing": {
			stub: &namespaceStub{have: maps.Clone(some)}, want: true, adds: 1,
			says: "search attributes added",
		},
		"missing, and may not be added": {
			stub: &namespaceStub{have: maps.Clone(some), noAdd: true}, adds: 1,
			says: "--name TablehaulPhase --type Keyword",
		},
		"another worker was quicker": {stub: &namespaceStub{
			have: maps.Clone(some), noAdd: true,
			understandsAll: true,
		}, want: true, adds: 1},
		"may not be looked at": {
			stub: &namespaceStub{noList: true},
			says: "temporal operator search-attribute create --namespace shop",
		},
		"may not be looked at, but used": {stub: &namespaceStub{noList: true, understandsAll: true}, want: true},
		"of another type": {
			stub: &namespaceStub{have: map[string]enumspb.IndexedValueType{
				workflows.AttributeLag: enumspb.INDEXED_VALUE_TYPE_KEYWORD,
			}},
			says: "another type",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := newSearchable(c.stub, "shop", slog.New(slog.NewTextHandler(&log, nil)))
			require.Equal(t, c.want, s.known(t.Context()))
			require.Equal(t, c.want, s.known(t.Context()), "the answer is kept")
			require.Equal(t, 1, c.stub.lists)
			require.Equal(t, c.adds, c.stub.adds)
			require.Contains(t, log.String(), c.says)
			for _, namespace := range c.stub.asked {
				require.Equal(t, "shop", namespace)
			}
		})
	}
}

// Attributes that a person adds, or takes away, are noticed without a restart; what a person
// may do is said once.
func TestSearchAttributesAreLookedForAgain(t *testing.T) {
	var log bytes.Buffer
	stub := &namespaceStub{have: map[string]enumspb.IndexedValueType{}, noAdd: true}
	s := newSearchable(stub, "shop", slog.New(slog.NewTextHandler(&log, nil)))
	for range 3 {
		s.asked = s.asked.Add(-2 * searchableFor)
		require.False(t, s.known(t.Context()))
	}
	require.Equal(t, 1, strings.Count(log.String(), "are missing"), log.String())
	stub.have = workflows.SearchAttributes()
	s.asked = s.asked.Add(-2 * searchableFor)
	require.True(t, s.known(t.Context()))
	stub.have = map[string]enumspb.IndexedValueType{}
	s.asked = s.asked.Add(-2 * searchableFor)
	require.False(t, s.known(t.Context()))
}

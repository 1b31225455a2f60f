package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/buildinfo"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/notify"
	"github.com/tablehaul/tablehaul/internal/owner"
	"github.com/tablehaul/tablehaul/internal/remote"
	"github.com/tablehaul/tablehaul/internal/survey"
	"github.com/tablehaul/tablehaul/internal/testenv/schematest"
	"github.com/tablehaul/tablehaul/internal/verify"
)

var updateSchemas = flag.Bool("update", false, "write docs/schemas again")

// printed are the types of the objects that each command prints with --output json.
var printed = map[string][]reflect.Type{
	"backfill":         {reflect.TypeFor[api.FillColumnsResult]()},
	"cancel":           {reflect.TypeFor[cancelled]()},
	"config check":     {reflect.TypeFor[configReport]()},
	"deletes sweep":    {reflect.TypeFor[compared]()},
	"deletes approve":  {reflect.TypeFor[compared]()},
	"digest":           {reflect.TypeFor[notify.Digest]()},
	"explain":          {reflect.TypeFor[failure.Advice](), reflect.TypeFor[explained]()},
	"load":             {reflect.TypeFor[outcome]()},
	"history":          {reflect.TypeFor[tableRun]()},
	"init":             {reflect.TypeFor[survey.Table]()},
	"pause":            {reflect.TypeFor[scheduleDone]()},
	"plan":             {reflect.TypeFor[api.PlanTableResult](), reflect.TypeFor[outcome]()},
	"quarantine drop":  {reflect.TypeFor[api.DropQuarantineResult]()},
	"quarantine list":  {reflect.TypeFor[quarantineLine]()},
	"quarantine retry": {reflect.TypeFor[api.RetryQuarantineResult]()},
	"quarantine show":  {reflect.TypeFor[shownEntry]()},
	"resume":           {reflect.TypeFor[scheduleDone]()},
	"retry":            {reflect.TypeFor[outcome]()},
	"run":              {reflect.TypeFor[outcome]()},
	"schedule apply":   {reflect.TypeFor[remote.Change]()},
	"schedule list":    {reflect.TypeFor[remote.Schedule]()},
	"schedule pause":   {reflect.TypeFor[scheduleDone]()},
	"schedule resume":  {reflect.TypeFor[scheduleDone]()},
	"schedule trigger": {reflect.TypeFor[scheduleDone]()},
	"status":           {reflect.TypeFor[tableStatus](), reflect.TypeFor[outcome]()},
	"undo":             {reflect.TypeFor[api.UndoTableResult]()},
	"verify":           {reflect.TypeFor[compared]()},
	"replay":           {reflect.TypeFor[compared]()},
	"verify show":      {reflect.TypeFor[shownDifference]()},
	"version":          {reflect.TypeFor[buildinfo.Info]()},
	"warnings":         {reflect.TypeFor[tableWarning]()},
	"warnings ack":     {reflect.TypeFor[tableWarning]()},
	"watermark adopt":  {reflect.TypeFor[tableWatermark]()},
	"watermark set":    {reflect.TypeFor[tableWatermark]()},
	"watermark show":   {reflect.TypeFor[tableWatermark]()},
}

// schemaOf is the schema of the objects of a command.
func schemaOf(t *testing.T, command string) *jsonschema.Schema {
	t.Helper()
	opts := &jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[api.Quarantine](): quarantineSchema(), reflect.TypeFor[quarantineLine](): lineSchema(),
		reflect.TypeFor[verify.Digest](): {Type: "string"}, reflect.TypeFor[owner.Loads](): {Type: "string"},
	}}
	var each []*jsonschema.Schema
	for _, typ := range printed[command] {
		s, err := jsonschema.ForType(typ, opts)
		require.NoError(t, err, command)
		describe(s, typ)
		each = append(each, s)
	}
	a, _, _ := testApp(t, nil, nil)
	if cmd, _, err := a.rootCommand().Find(strings.Fields(command)); err == nil && cmd.Flags().Lookup("web") != nil {
		each = append(each, &jsonschema.Schema{ // what --web prints
			Type: "object", Properties: map[string]*jsonschema.Schema{"web": {Type: "string"}},
			Required: []string{"web"}, AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
		})
	}
	out := each[0]
	if len(each) > 1 {
		out = &jsonschema.Schema{AnyOf: each}
	}
	out.Schema = "https://json-schema.org/draft/2020-12/schema"
	out.Title = "A line of tablehaul " + command + " --output json"
	return out
}

// quarantineSchema is that of api.Quarantine, which may hold others: those of each host, which hold none.
func quarantineSchema() *jsonschema.Schema {
	fields := func() map[string]*jsonschema.Schema {
		return map[string]*jsonschema.Schema{
			"open": {Type: "integer"}, "waiting": {Type: "integer"}, "oldest": {Type: "string"},
			"first": {Type: "string"}, "queue": {Type: "string"},
		}
	}
	none := func() *jsonschema.Schema { return &jsonschema.Schema{Not: &jsonschema.Schema{}} }
	host := &jsonschema.Schema{
		Type: "object", Properties: fields(), Required: []string{"open"}, AdditionalProperties: none(),
	}
	out := &jsonschema.Schema{
		Types: []string{"null", "object"}, Properties: fields(), Required: []string{"open"},
		AdditionalProperties: none(),
	}
	out.Properties["hosts"] = &jsonschema.Schema{Type: "array", Items: host}
	return out
}

// lineSchema is that of quarantineLine, which embeds api.Quarantine.
func lineSchema() *jsonschema.Schema {
	out := quarantineSchema()
	out.Type, out.Types = "object", nil
	out.Properties["table"] = &jsonschema.Schema{Type: "string"}
	out.Required = append(out.Required, "table")
	return out
}

// docs/schemas is what the Go types say. A command that prints JSON has to be in printed.
func TestSchemasAreThoseOfTheTypes(t *testing.T) {
	a, _, _ := testApp(t, nil, nil)
	have := map[string]bool{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		path := strings.TrimPrefix(c.CommandPath(), "tablehaul ")
		if f := c.Flags().Lookup("output"); f != nil {
			require.Contains(t, printed, path, "add the type that tablehaul %s prints to printed", path)
			have[path] = true
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(a.rootCommand())
	files := map[string]bool{"README.md": true}
	for command := range printed {
		require.True(t, have[command], "there is no tablehaul %s --output", command)
		text, err := json.MarshalIndent(schemaOf(t, command), "", "  ")
		require.NoError(t, err)
		file := filepath.Join(schematest.Folder(), schematest.File(command))
		files[schematest.File(command)] = true
		if *updateSchemas {
			require.NoError(t, os.WriteFile(file, append(text, '\n'), 0o644))
		}
		found, err := os.ReadFile(file)
		require.NoError(t, err, "run: go test ./starter -run TestSchemas -update")
		require.Equal(t, string(text)+"\n", string(found), "run: go test ./starter -run TestSchemas -update")
	}
	entries, err := os.ReadDir(schematest.Folder())
	require.NoError(t, err)
	for _, e := range entries {
		require.True(t, files[e.Name()], "docs/schemas/%s is of no command", e.Name())
	}
}

// A schema that took anything would be worth nothing.
func TestSchemasRefuseWhatNoCommandPrints(t *testing.T) {
	for command, line := range map[string]string{
		"watermark show": `{"table":"shop.orders","watermark":7}`, "version": `{"version":"1","go":"go1"}`,
		"run": `{"table":"shop.orders","outcome":"done","other":1}`, "status": `{"tabel":"shop.orders"}`,
		"explain": `{"type":"RowRejected","means":"x"}`, "history": `[]`,
		"quarantine list": `{"table":"shop.orders","open":1,"hosts":[{"hosts":[]}]}`,
	} {
		require.Error(t, schematest.Check(command, line), command)
	}
	require.NoError(t, schematest.Check("watermark show", `{"table":"shop.orders","watermark":"7"}`+"\n"))
}

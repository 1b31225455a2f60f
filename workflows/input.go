package workflows

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/tablehaul/tablehaul/internal/api"
	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/table"
)

// An inputForm names the keys that an input may have beside the table. Its errors show the shape of a good input.
type inputForm string

const (
	runInput   inputForm = `"full", "from", "to", "ifBusy", "files", "force"`
	retryInput inputForm = `nothing`
	dropInput  inputForm = `"run"`
	undoForm   inputForm = `"run", "dryRun"`
	fillForm   inputForm = `"columns", "dryRun"`
	verifyForm inputForm = `"depth", "share", "since", "dryRun", "repair", "overwriteNewer", "replay"`
)

// decodeSync reads what a person typed after --input, strictly: a misspelt key must not
// silently mean "the default".
func decodeSync(raw converter.RawValue) (SyncTableInput, error) {
	var in SyncTableInput
	if err := runInput.decode(raw, &in); err != nil {
		return in, err
	}
	if err := runInput.checkTable(in.Table); err != nil {
		return in, err
	}
	switch in.IfBusy {
	case "", api.IfBusyFail, api.IfBusyWait, api.IfBusySkip:
		return in, nil
	}
	return in, runInput.invalid(fmt.Sprintf(`ifBusy is %q: it is "fail", "wait" or "skip"`, in.IfBusy))
}

func (f inputForm) checkTable(name string) error {
	if name == "" {
		return f.invalid("the table is missing")
	}
	if _, err := table.ParseName(name); err != nil {
		return f.invalid("table: " + err.Error())
	}
	return nil
}

// decode reads one JSON object without unknown keys into in.
func (f inputForm) decode(raw converter.RawValue, in any) error {
	p := raw.Payload()
	if p == nil || len(p.GetData()) == 0 {
		return f.invalid("the input is missing")
	}
	if enc := string(p.GetMetadata()[converter.MetadataEncoding]); enc != converter.MetadataEncodingJSON {
		return f.invalid(fmt.Sprintf("the input is encoded as %s, not as JSON", enc))
	}
	dec := json.NewDecoder(bytes.NewReader(p.GetData()))
	dec.DisallowUnknownFields()
	if err := dec.Decode(in); err != nil {
		return f.invalid("the input cannot be read: " + jsonText(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return f.invalid("there is more than one JSON value in the input")
	}
	return nil
}

// jsonText names what is wrong in the words of JSON instead of those of Go.
func jsonText(err error) string {
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &typ) && typ.Field == "":
		return fmt.Sprintf("it is a JSON %s, not an object", typ.Value)
	case errors.As(err, &typ):
		return fmt.Sprintf("%q is a JSON %s, it must be a %s", typ.Field, typ.Value, typ.Type)
	}
	text := strings.TrimPrefix(err.Error(), "json: ")
	if key, ok := strings.CutPrefix(text, "unknown field "); ok {
		return "unknown key " + key + ", misspelt, or of a later version than this worker"
	}
	return text
}

func (f inputForm) invalid(what string) error {
	return temporal.NewApplicationErrorWithOptions(what+`: give --input '{"table":"shop.orders"}'; also known: `+string(f), failure.InvalidInput,
		temporal.ApplicationErrorOptions{NonRetryable: true})
}

// hasArguments reports whether a run was asked for more than the table's next rows.
func hasArguments(in SyncTableInput) bool {
	return in.Full || in.From != "" || in.To != "" || len(in.Files) > 0 || in.Force
}

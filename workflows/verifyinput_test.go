package workflows

import (
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/converter"

	"github.com/tablehaul/tablehaul/internal/failure"
)

// What a person may write as the input of the plain temporal command is refused with what to write, before any step.
func TestInputsOfAComparisonThatAreRefused(t *testing.T) {
	t.Parallel()
	for input, want := range map[string]string{
		`{"table":"shop.t","dryRun":true,"repair":true}`:                `leave out repair, deletes and approve`,
		`{"table":"shop.t","dryRun":true,"deletes":true}`:               `leave out repair, deletes and approve`,
		`{"table":"shop.t","dryRun":true,"deletes":true,"approve":"r"}`: `leave out repair, deletes and approve`,
		`{"table":"shop.t","dryRun":true,"approve":"r"}`:                `approve is of a sweep: set deletes, too`,
		`{"table":"shop.t","deletes":true,"depth":"keys"}`:              `deletes with depth or repair`,
		`{"table":"shop.t","deletes":true,"repair":true}`:               `deletes with depth or repair`,
		`{"table":"shop.t","deletes":true,"since":true}`:                `since is of depth "digest" or "keys"`,
		`{"table":"shop.t","depth":"sample","since":true}`:              `since is of depth "digest" or "keys"`,
		`{"table":"shop.t","overwriteNewer":true}`:                      `set repair, too`,
		`{"table":"shop.t","depth":"rows"}`:                             `depth is "rows"`,
		`{"table":"shop.t","share":0.5}`:                                `share is 0.5: it is of depth "sample"`,
		`{"table":"shop.t","depth":"sample","share":1.5}`:               `share is 1.5`,
		`{"table":"shop.t","repairs":true}`:                             `repairs`,
		`{"table":"t"}`:                                                 `t`,
		`{}`:                                                            `table`,
		`"shop.t"`:                                                      `object`,
	} {
		payload, err := converter.GetDefaultDataConverter().ToPayload(map[string]any{})
		require.NoError(t, err)
		payload.Data = []byte(input)
		_, err = decodeVerify(converter.NewRawValue(payload))
		require.Equal(t, failure.InvalidInput, failureType(err), input)
		require.ErrorContains(t, err, want, input)
	}
}

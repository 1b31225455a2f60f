package app

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
)

func TestLogIsAsTheSettingsSay(t *testing.T) {
	var b bytes.Buffer
	log := NewLog(&b, config.Log{Format: "text", Level: "warn"}, false)
	log.Info("left out")
	log.Warn("shown", "table", "a.b")
	require.Regexp(t, `^time=\S+ level=WARN msg=shown table=a.b\n$`, b.String())

	for _, c := range []struct {
		log   config.Log
		force bool
	}{{config.Log{Format: "json", Level: "debug"}, false}, {config.Log{Format: "text", Level: "debug"}, true}} {
		b.Reset()
		NewLog(&b, c.log, c.force).Debug("shown")
		var line map[string]any
		require.NoError(t, json.Unmarshal(b.Bytes(), &line), b.String())
		require.Equal(t, "shown", line["msg"])
	}
}

func TestTheSDKsLineAboutAFailedStepIsLeftOut(t *testing.T) {
	var b bytes.Buffer
	log := temporalLogger(NewLog(&b, config.Log{}, false))
	log.Error(sdkFailure, "Error", "x")
	require.Empty(t, b.String())
	log.Error("something else")
	require.Contains(t, b.String(), "something else")
}

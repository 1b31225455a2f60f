package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/config"
	"github.com/tablehaul/tablehaul/internal/table"
)

// A truth value is one of the words of indexesAfterLoad.
func TestIndexesAfterLoadTakesWordsAndTruthValues(t *testing.T) {
	with := func(text string) string {
		return small + "  - { name: shop.a, tuning: { indexesAfterLoad: " + text + " } }\n  - { name: shop.b }\n"
	}
	for text, want := range map[string]table.IndexTiming{
		"auto": table.IndexesAuto, `"auto"`: table.IndexesAuto, "true": table.IndexesAfterLoad,
		`"true"`: table.IndexesAfterLoad, "false": table.IndexesFirst,
	} {
		c := load(t, with(text), shopEnv)
		require.Equal(t, want, c.Tables()[0].IndexesAfterLoad, text)
		require.Equal(t, table.IndexesFirst, c.Tables()[1].IndexesAfterLoad)
	}
	const key = "tables[0].tuning.indexesAfterLoad: "
	for text, want := range map[string]string{
		"always": key + `"always" is not allowed (line 8); known are auto, true, false`,
		"aut":    key + `"aut" is not allowed (line 8); did you mean auto?`,
		"[auto]": key + "must be a single value",
	} {
		_, err := config.Load(strings.NewReader(with(text)), shopEnv)
		require.ErrorContains(t, err, want)
	}
}

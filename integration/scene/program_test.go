package scene_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/integration/scene"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
)

// FLAVOR chooses one flavor, an empty one both, and a misspelt one measures nothing.
func TestEachFlavorRefusesAnUnknownOne(t *testing.T) {
	t.Parallel()
	measured := func(value string) (out []servers.Flavor, err error) {
		err = scene.EachFlavor(func(string) string { return value }, func(f servers.Flavor) error {
			out = append(out, f)
			return nil
		})
		return out, err
	}
	both, err := measured("")
	require.NoError(t, err)
	require.Len(t, both, 2)
	one, err := measured(string(servers.FlavorMariaDB))
	require.NoError(t, err)
	require.Equal(t, []servers.Flavor{servers.FlavorMariaDB}, one)
	none, err := measured("oracle")
	require.EqualError(t, err, "FLAVOR=oracle: it is mysql or mariadb")
	require.Empty(t, none)
}

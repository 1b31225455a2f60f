package sealed_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/sealed"
)

func TestOnlyTheKeyOfTheQuestionOpensTheAnswer(t *testing.T) {
	key, err := sealed.NewKey()
	require.NoError(t, err)
	other, err := sealed.NewKey()
	require.NoError(t, err)
	box, err := sealed.Seal(key.Public(), "shop.orders", []byte("customer 4711"))
	require.NoError(t, err)
	require.False(t, bytes.Contains(box, []byte("4711")))

	answer, err := key.Open("shop.orders", box)
	require.NoError(t, err)
	require.Equal(t, "customer 4711", string(answer))

	_, err = other.Open("shop.orders", box)
	require.Error(t, err)
	_, err = key.Open("shop.items", box)
	require.Error(t, err)
	box[len(box)-1] ^= 1
	_, err = key.Open("shop.orders", box)
	require.Error(t, err)

	again, err := sealed.Seal(key.Public(), "shop.orders", nil)
	require.NoError(t, err)
	empty, err := key.Open("shop.orders", again)
	require.NoError(t, err)
	require.Empty(t, empty)
	for _, bad := range [][]byte{nil, {1}, key.Public()[1:]} {
		_, err := sealed.Seal(bad, "", nil)
		require.Error(t, err)
	}
}

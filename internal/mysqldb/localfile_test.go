package mysqldb_test

import (
	"bytes"
	"io"
	"runtime"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb"
)

// A file that was sent is forgotten: no server gets it a second time, and its rows take no memory any more.
func TestALocalFileThatWasRemovedIsForgotten(t *testing.T) {
	t.Parallel()
	var held weak.Pointer[bytes.Reader]
	offer := func() (remove func()) {
		rows := bytes.NewReader([]byte("rows"))
		held = weak.Make(rows)
		_, remove = mysqldb.LocalFile(func() io.Reader { return rows })
		return remove
	}
	remove := offer()
	runtime.GC()
	require.NotNil(t, held.Value(), "before it is removed")
	remove()
	runtime.GC()
	require.Nil(t, held.Value())
}

package table

// IndexTiming says when a target that a first load creates gets the indexes that its rows do not need: all but unique
// keys, and the index of an AUTO_INCREMENT column. "" is IndexesFirst.
type IndexTiming string

const (
	// IndexesFirst creates them with the table.
	IndexesFirst IndexTiming = "false"
	// IndexesAfterLoad adds them by one ALTER TABLE when the first load is done.
	IndexesAfterLoad IndexTiming = "true"
	// IndexesAuto is IndexesAfterLoad for sources above LargeLoad, where that is known to be allowed, and no
	// replica is looked after that the ALTER TABLE would hold up.
	IndexesAuto IndexTiming = "auto"
)

// LargeLoad is the number of rows, by the source's estimate, above which a first load is large: IndexesAuto adds
// indexes later, and plans name settings that would make it faster.
const LargeLoad = 1_000_000

// MayDefer reports whether indexes may come after the rows.
func (t IndexTiming) MayDefer() bool { return t == IndexesAfterLoad || t == IndexesAuto }

// Defers reports whether the indexes come after the rows. rows is the source's estimate, and replicas says that
// replicas of the target are looked after.
func (t IndexTiming) Defers(rows int64, replicas bool) bool {
	return t == IndexesAfterLoad || t == IndexesAuto && rows > LargeLoad && !replicas
}

package api

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Search attributes, by which Temporal's lists find workflows. They are public vocabulary: people's
// queries hold them. A namespace has to know them (docs/operations.md); runs go on without.
const (
	// AttributeTable is a table's configured name: of SyncTable, SyncRange and TableState.
	AttributeTable = "TablehaulTable"
	// AttributePhase is where a run is, or where it ended: of SyncTable.
	AttributePhase = "TablehaulPhase"
	// AttributeLag is how many seconds the target was behind the source when the phase began; of
	// a run that is done, when it ended. Of SyncTable.
	AttributeLag = "TablehaulLagSeconds"
	// AttributeFreshAt is the moment whose rows the target holds: of TableState. In contrast to a lag
	// it stays true as time goes by.
	AttributeFreshAt = "TablehaulFreshAt"
)

// PlanDetails are the static details of a preview, which the Web UI shows.
const PlanDetails = "Says what a run would do now. It writes nothing anywhere."

// SyncDetails are the static details of a run, which the Web UI shows: what was asked for.
func SyncDetails(in SyncTableInput) string {
	text := "Brings the target up to date: a first load where there is no watermark, else what has changed since."
	switch {
	case in.Full:
		text = "Starts over: the whole table is read again, and the watermark set again."
	case in.From != "" || in.To != "":
		text = fmt.Sprintf("Reads a window again: above `%s`, up to `%s`. The watermark stays.", orAll(in.From),
			orAll(in.To))
	}
	if in.IfBusy == IfBusyWait || in.IfBusy == IfBusySkip {
		text += fmt.Sprintf(" If another run holds the table: %s.", in.IfBusy)
	}
	return text
}

func orAll(bound string) string {
	if bound == "" {
		return "no bound"
	}
	return bound
}

// maxFairnessKey is Temporal's limit on a fairness key, in bytes.
const maxFairnessKey = 64

// FairnessKey is the fairness key of a table's workflows and steps: its name, or the hash of a longer name.
func FairnessKey(tbl string) string {
	if len(tbl) <= maxFairnessKey {
		return tbl
	}
	sum := sha256.Sum256([]byte(tbl))
	return hex.EncodeToString(sum[:])
}

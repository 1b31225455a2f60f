package mysqlerr

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// notes are the numbers of notes: deprecations, statements that are unsafe in a statement-based
// binary log, hints, options without effect.
const notes = "1003 1246 1249 1266 1276 1285 1287 1315 1316 1354 1355 1438 1554 1592 1618 1638 1668-1675 1681 1684 " +
	"1693 1714-1719 1722-1724 1727 1738 1739 1745 1751 1752 1867 1868 1870 1926 1968 1981 1982 3005 3006 3010 3022 " +
	"3023 3025 3027 3088-3090 3123-3127 3135 3170 3171 3199 3515 3519 3570 3571 3598 3599 3614 3674 3713 3715 3719 " +
	"3720 3777-3779 3856 3858-3861 3909 3929 3956 3961-3965 3996 4009 4010 4077 4079 4095 4096 4175 4190 4200 4202 " +
	"4207 6016 6035 6124 6578"

// refusedRanges are all numbers of both servers. A number of no group means a statement, a command or
// an object that the server refuses, now and on every retry.
const refusedRanges = "1000-1887 1900-1999 3000-3238 3500-4208 6000-6141 6400-6579"

var refused = info(ClassConfiguration, "the server refuses the statement", remedyRefused)

// systemErrors carry an error number of the operating system or of a storage engine in their text: see systemError.
const systemErrors = "1004 1009-1014 1016-1019 1023-1026 1028 1030 1296 1376 1374 1810 1811 1815"

// knownErrors are the numbers of errorInfos, errorGroups and refusedRanges; noteNumbers are those of notes.
var knownErrors, noteNumbers = collect()

// IsNote reports whether a warning of the number is a note about the statement, not about a row.
func IsNote(number uint16) bool { return noteNumbers[number] }

func collect() (map[uint16]errorInfo, map[uint16]bool) {
	all := map[uint16]errorInfo{}
	for n := range numbersIn(refusedRanges) {
		all[n] = refused
	}
	for _, g := range slices.Backward(errorGroups) {
		for n := range numbersIn(g.numbers) {
			all[n] = g.errorInfo
		}
	}
	maps.Copy(all, errorInfos)
	return all, numbersIn(notes)
}

// numbersIn reads "1004 1010-1012". It panics on any other form: the texts are constants.
func numbersIn(text string) map[uint16]bool {
	out := map[uint16]bool{}
	for word := range strings.FieldsSeq(text) {
		first, last, isRange := strings.Cut(word, "-")
		if !isRange {
			last = first
		}
		from, err := strconv.ParseUint(first, 10, 16)
		to, err2 := strconv.ParseUint(last, 10, 16)
		if err != nil || err2 != nil || to < from {
			panic(fmt.Sprintf("%q is no range of error numbers", word))
		}
		for n := from; n <= to; n++ {
			out[uint16(n)] = true
		}
	}
	return out
}

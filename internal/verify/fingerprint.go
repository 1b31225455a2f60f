package verify

import "hash/maphash"

// fingerprint tells rows apart within this process: 128 bits by two keys that no other process has. So no rows can be
// made to have one fingerprint. It costs a tenth of a Sum.
type fingerprint [2]uint64

// fingerprintKeys are drawn when the process begins.
var fingerprintKeys = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}

func fingerprintOf(values []byte) fingerprint {
	return fingerprint{maphash.Bytes(fingerprintKeys[0], values), maphash.Bytes(fingerprintKeys[1], values)}
}

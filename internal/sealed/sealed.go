package sealed

import (
	"crypto/hpke"
	"fmt"
)

// Key opens answers. It is for one question.
type Key struct{ private hpke.PrivateKey }

// NewKey makes a key.
func NewKey() (Key, error) {
	private, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return Key{}, fmt.Errorf("making a key: %w", err)
	}
	return Key{private}, nil
}

// Public is what the question carries: about 1.2 KB.
func (k Key) Public() []byte { return k.private.PublicKey().Bytes() }

// Seal encrypts an answer for the key whose public half is given. about says what the answer is about, and is not
// secret: Open with another about fails. It fails where public is no key.
func Seal(public []byte, about string, answer []byte) ([]byte, error) {
	key, err := hpke.MLKEM768X25519().NewPublicKey(public)
	if err != nil {
		return nil, fmt.Errorf("the public key: %w", err)
	}
	box, err := hpke.Seal(key, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(about), answer)
	if err != nil {
		return nil, fmt.Errorf("sealing an answer: %w", err)
	}
	return box, nil
}

// Open decrypts an answer. It fails where the answer was sealed for another key, about something else, or changed.
func (k Key) Open(about string, box []byte) ([]byte, error) {
	answer, err := hpke.Open(k.private, hpke.HKDFSHA256(), hpke.AES256GCM(), []byte(about), box)
	if err != nil {
		return nil, fmt.Errorf("opening a sealed answer: %w", err)
	}
	return answer, nil
}

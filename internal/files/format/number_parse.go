package format

// number is a decimal text in pieces: whole.fraction × 10^exp. Nothing of it is rounded.
type number struct {
	neg             bool
	whole, fraction []byte
	exp             int
}

// maxExp is beyond every number that a column holds.
const maxExp = 400

// parseNumber reads a number as JSON, CSV and most programs write it: a sign, digits, a point, an exponent.
func parseNumber(b []byte) (n number, ok bool) {
	i := 0
	if i < len(b) && (b[i] == '-' || b[i] == '+') {
		n.neg = b[i] == '-'
		i++
	}
	start := i
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	n.whole = b[start:i]
	if i < len(b) && b[i] == '.' {
		i++
		start = i
		for i < len(b) && b[i]-'0' <= 9 {
			i++
		}
		n.fraction = b[start:i]
	}
	if len(n.whole)+len(n.fraction) == 0 {
		return n, false
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		if n.exp, ok = parseExp(b[i+1:]); !ok {
			return n, false
		}
		i = len(b)
	}
	return n, i == len(b)
}

func parseExp(b []byte) (int, bool) {
	neg := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		neg = b[0] == '-'
		b = b[1:]
	}
	if len(b) == 0 {
		return 0, false
	}
	exp := 0
	for _, ch := range b {
		if ch-'0' > 9 {
			return 0, false
		}
		exp = min(exp*10+int(ch-'0'), maxExp)
	}
	if neg {
		exp = -exp
	}
	return exp, true
}

// maxDigits is more than a DECIMAL has, in front of and behind the point.
const maxDigits = 200

// plain moves the exponent into the digits; false where they get more than any column takes. It returns what is in
// front of the point and behind it, so that buf stays on the stack.
func (n *number) plain(buf []byte) (whole, fraction []byte, ok bool) {
	if len(n.whole)+len(n.fraction) > maxDigits {
		return nil, nil, false
	}
	zero := true
	for _, part := range [2][]byte{n.whole, n.fraction} {
		for _, ch := range part {
			zero = zero && ch == '0'
		}
	}
	if zero {
		return n.whole, nil, true
	}
	if n.exp < -maxDigits || n.exp > maxDigits {
		return nil, nil, false
	}
	out := buf
	for range -n.exp - len(n.whole) {
		out = append(out, '0')
	}
	out = append(append(out, n.whole...), n.fraction...)
	point := max(len(n.whole), -n.exp) + n.exp
	for len(out) < point {
		out = append(out, '0')
	}
	return out[:point], out[point:], true
}

// appendNumber writes b as a DECIMAL(precision, scale).
func appendNumber(dst, b []byte, precision, scale int) ([]byte, reason) {
	n, ok := parseNumber(b)
	if !ok {
		return dst, whyNumber
	}
	whole, fraction := n.whole, n.fraction
	if n.exp != 0 {
		var buf [2 * maxDigits]byte
		if whole, fraction, ok = n.plain(buf[:0]); !ok {
			return dst, whyRange
		}
	}
	for len(whole) > 0 && whole[0] == '0' {
		whole = whole[1:]
	}
	for len(fraction) > 0 && fraction[len(fraction)-1] == '0' {
		fraction = fraction[:len(fraction)-1]
	}
	switch {
	case len(whole) > precision-scale:
		return dst, whyRange
	case len(fraction) > scale:
		if scale == 0 {
			return dst, whyWhole
		}
		return dst, whyScale
	}
	if n.neg && len(whole)+len(fraction) > 0 {
		dst = append(dst, '-')
	}
	if len(whole) == 0 {
		whole = zeros[:1]
	}
	dst = append(dst, whole...)
	if scale > 0 {
		dst = append(dst, '.')
		dst = append(dst, fraction...)
		dst = append(dst, zeros[:scale-len(fraction)]...)
	}
	return dst, ""
}

var zeros = []byte("00000000000000000000000000000000000000000000000000000000000000000000")

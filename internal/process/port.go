package process

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
)

// Free ports are taken from below the range that Linux gives to outgoing connections (32768 and up), so that a server
// can be stopped and started again on its port without losing it to a client socket in between.
const (
	firstPort = 15000
	lastPort  = 32000
)

// errNoPort is returned when a hundred random ports in a row were busy.
var errNoPort = errors.New("no free TCP port found on 127.0.0.1")

// FreePort returns a TCP port of 127.0.0.1 on which no program listens now.
func FreePort() (int, error) {
	for range 100 {
		port := firstPort + rand.IntN(lastPort-firstPort)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return port, l.Close()
	}
	return 0, errNoPort
}

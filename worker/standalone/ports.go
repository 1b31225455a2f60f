package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"github.com/tablehaul/tablehaul/internal/process"
)

// A portFlag is a TCP port as it is typed: a number, or auto (kept as 0) for a free one.
type portFlag int

// String is the port as one would type it.
func (p *portFlag) String() string {
	if *p == 0 {
		return "auto"
	}
	return strconv.Itoa(int(*p))
}

// Set reads what was typed.
func (p *portFlag) Set(text string) error {
	if text == "auto" {
		*p = 0
		return nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 65535 {
		return errors.New("want a port from 1 to 65535, or auto")
	}
	*p = portFlag(n)
	return nil
}

// Type names the kind of value in the help text.
func (p *portFlag) Type() string { return "port" }

// resolve returns the port to listen on, having checked that no other program does: the server
// in our process would panic over a busy port, with a stack trace instead of a flag's name.
func (p portFlag) resolve(ip, flag string) (int, error) {
	if p == 0 {
		return process.FreePort()
	}
	address := net.JoinHostPort(ip, strconv.Itoa(int(p)))
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return 0, fmt.Errorf("%s is in use by another program: choose another port with %s (or %s auto)", address, flag,
			flag)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return 0, fmt.Errorf("%s is not an address of this machine: choose another with --ip", ip)
	case err != nil:
		return 0, fmt.Errorf("listen on %s (see %s): %w", address, flag, err)
	}
	return int(p), l.Close()
}

package servicetest_test

import (
	"net"
	"os"
	"strconv"
	"strings"
	"testing"

	"broker/server/servicetest"
)

// A program that is meant to listen on a free address can, though others ask the system for addresses meanwhile.
func TestFreeAddressIsGivenToNobodyElse(t *testing.T) {
	t.Parallel()
	given, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Skip("the system does not say which ports it gives")
	}
	address := servicetest.FreeAddress(t)
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	number, _ := strconv.Atoi(port)
	if lowest, err := strconv.Atoi(strings.Fields(string(given))[0]); err != nil || number >= lowest {
		t.Errorf("port %d is one that the system gives: %s", number, given)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
}

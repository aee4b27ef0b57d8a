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
		given = []byte("32768") // what most systems begin with, or higher
	}
	address := servicetest.FreeAddress(t)
	if again := servicetest.FreeAddress(t); again == address {
		t.Errorf("%s is given twice", address)
	}
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

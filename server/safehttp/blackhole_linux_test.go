package safehttp

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// swallow takes every connection to a port of ::1 and answers none: its queue is full, and the system drops what comes.
func swallow(t *testing.T, port int) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.SetsockoptInt(fd, syscall.IPPROTO_IPV6, syscall.IPV6_V6ONLY, 1); err != nil {
		t.Fatal(err)
	}
	at := &syscall.SockaddrInet6{Port: port}
	at.Addr[15] = 1
	if err := syscall.Bind(fd, at); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	address := net.JoinHostPort("::1", strconv.Itoa(port))
	for range 10 {
		conn, err := (&net.Dialer{Timeout: 200 * time.Millisecond}).DialContext(t.Context(), "tcp", address)
		if err != nil {
			return
		}
		t.Cleanup(func() { conn.Close() })
	}
	t.Fatal("the port goes on to answer")
}

// dual is a resolver whose every name is ::1 and 127.0.0.1.
func dual(t *testing.T) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buffer := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			answer := dnsAnswer(buffer[:n], net.IPv4(127, 0, 0, 1).To4())
			if answer[7] == 0 { // not of the type A
				answer[7] = 1
				answer = append(answer, 0xc0, 12, 0, 28, 0, 1, 0, 0, 0, 0, 0, 16)
				answer = append(answer, net.IPv6loopback...)
			}
			conn.WriteTo(answer, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// A host whose IPv6 address swallows connections is reached at its IPv4 one, in less than the time for one connection.
func TestAnAddressThatSwallowsConnectionsIsPassedBy(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) }))
	t.Cleanup(server.Close)
	port := server.Listener.Addr().(*net.TCPAddr).Port
	swallow(t, port)
	client := New(policy(t, "127.0.0.0/8,::1,dual.example"), "test")
	client.resolver = dual(t)
	begun := time.Now()
	response, err := client.Get(t.Context(), "http://dual.example:"+strconv.Itoa(port)+"/", Options{Inside: true, MaxBytes: 100})
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if said, err := io.ReadAll(response.Body); err != nil || len(said) == 0 {
		t.Errorf("it said %q, %v", said, err)
	}
	if took := time.Since(begun); took > 30*time.Second { // 0.3 seconds on a quiet machine; two tries at the time for one would be 10
		t.Errorf("it took %s", took)
	}
}

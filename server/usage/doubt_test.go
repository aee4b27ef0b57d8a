package usage_test

import (
	"bytes"
	"net"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"broker/server/database/databasetest"
	"broker/server/usage"
)

// proxy stands between a program and PostgreSQL, and breaks the connection at a COMMIT when it is told to.
type proxy struct {
	server    string
	swallow   atomic.Bool // the COMMIT
	interrupt atomic.Bool // its answer
	broken    atomic.Int64
}

// start returns the database's URL through the proxy.
func (p *proxy) start(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	p.server, u.Host = u.Host, listener.Addr().String()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go p.pass(client)
		}
	}()
	return u.String()
}

func (p *proxy) pass(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", p.server)
	if err != nil {
		return
	}
	defer server.Close()
	var deaf atomic.Bool
	go p.answers(client, server, &deaf)
	buffer := make([]byte, 1<<16)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			return
		}
		if bytes.Contains(buffer[:n], []byte("COMMIT")) {
			if p.swallow.Swap(false) {
				p.broken.Add(1)
				return
			}
			deaf.Store(p.interrupt.Swap(false))
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// answers passes on what the server says, until the client is not to hear it.
func (p *proxy) answers(client, server net.Conn, deaf *atomic.Bool) {
	defer client.Close()
	buffer := make([]byte, 1<<16)
	for {
		n, err := server.Read(buffer)
		if err != nil {
			return
		}
		if deaf.Load() {
			p.broken.Add(1)
			return
		}
		if _, err := client.Write(buffer[:n]); err != nil {
			return
		}
	}
}

// A commit whose answer is lost counts once, whether it took place or not.
func TestLostAnswerLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	for name, breakOff := range map[string]func(*proxy){
		"before the commit": func(p *proxy) { p.swallow.Store(true) },
		"after the commit":  func(p *proxy) { p.interrupt.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := databasetest.Postgres(t)
			direct := databasetest.Open(t, address)
			p := &proxy{}
			db := databasetest.Open(t, p.start(t, address))
			r := usage.NewRecorder(db, silent)
			now := time.Now()
			record := func() { r.Record(event(usage.Downloaded, "tok_1", "acme/lib", now)) }
			record()
			flush(t, r)
			record()
			breakOff(p)
			if err := r.Flush(t.Context()); err == nil {
				t.Error("the lost answer is not noticed")
			}
			record()
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) { // PostgreSQL notices a little later
				err := r.Flush(t.Context())
				if err == nil {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal(err)
				}
			}
			if p.broken.Load() != 1 {
				t.Fatalf("%d commits were broken off", p.broken.Load())
			}
			if one := read(t, direct, usage.Day, usage.Filter{TokenID: "tok_1"}, now); one.Downloads != 3 {
				t.Errorf("%d downloads of 3", one.Downloads)
			}
		})
	}
}

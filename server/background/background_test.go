package background

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Never is more under way than there are processors but one, all of it is done, and a place is given back also by work
// that fails or panics.
func TestOneProcessorIsLeft(t *testing.T) {
	t.Parallel()
	places := New()
	most := int64(max(1, runtime.GOMAXPROCS(0)-1))
	broken := errors.New("broken")
	var now, all atomic.Int64
	var crowd sync.WaitGroup
	for i := range 50 {
		crowd.Go(func() {
			defer func() { recover() }()
			err := places.Do(t.Context(), func() error {
				defer now.Add(-1)
				if n := now.Add(1); n > most {
					t.Errorf("%d at a time", n)
				}
				time.Sleep(100 * time.Microsecond)
				all.Add(1)
				if i%10 == 0 {
					panic("broken")
				}
				return broken
			})
			if err != broken {
				t.Errorf("the work's error became %v", err)
			}
		})
	}
	crowd.Wait()
	if all.Load() != 50 || len(places.taken) != 0 {
		t.Errorf("%d of 50 were done, %d places are taken", all.Load(), len(places.taken))
	}
}

// Whoever waits for a place waits no longer than its context.
func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	places := New()
	for range cap(places.taken) {
		places.taken <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, cancel)
	if err := places.Do(ctx, func() error { t.Error("it was done"); return nil }); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// On one processor, what came from the network before a pause is read in it or in one of the next; nothing else would have
// it read before 10 ms have passed, in which there are hundreds of pauses. Now and then Go has the one that pauses go on
// first, so the test counts. It runs itself, as the number of processors is of the whole process.
func TestPausesLetTheNetworkBeRead(t *testing.T) {
	t.Parallel()
	if os.Getenv("GOMAXPROCS") != "1" {
		command := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
		command.Env = append(os.Environ(), "GOMAXPROCS=1")
		if output, err := command.CombinedOutput(); err != nil || !bytes.Contains(output, []byte("it was measured")) {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var read atomic.Int64
	go func() {
		for b := make([]byte, 1); ; {
			if _, err := server.Read(b); err != nil {
				return
			}
			read.Add(1)
		}
	}()
	places, useful := New(), 0
	err = places.Do(t.Context(), func() error {
		for range 1000 {
			if _, err := client.Write([]byte{0}); err != nil {
				return err
			}
			places.paused.Store(0)
			before := read.Load()
			places.Pause()
			if read.Load() > before {
				useful++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if useful < 100 {
		t.Errorf("something was read in %d of 1,000 pauses", useful)
	}
	t.Log("it was measured:", useful)
}

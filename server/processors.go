package main

import (
	"os"
	"runtime"
)

// leastProcessors is how many threads compute at a time at least, also on a machine with one core. Go looks for requests
// that came on a thread with nothing else to do: with one alone, each would wait up to 10 ms while a sync computes or a
// write waits for the disk. Of two the system gives each its time.
const leastProcessors = 2

// raiseProcessors holds to that, unless who runs the server has set GOMAXPROCS.
func raiseProcessors() {
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) < leastProcessors {
		runtime.GOMAXPROCS(leastProcessors)
	}
}

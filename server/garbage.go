package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// How much garbage waits for the collector: so many bytes, whatever is in use, but within these parts of that. The
// runtime's own rule is as much as is in use: with little in use it collects all the time, with a million tokens in
// use it takes their memory twice.
const (
	garbage       = 12 << 20
	garbageLeast  = 12  // percent of what is in use
	garbageMost   = 300 // percent
	garbageAdjust = time.Second
)

// boundGarbage holds to that until the context ends, unless who runs the server has set GOGC.
func boundGarbage(ctx context.Context) {
	if os.Getenv("GOGC") != "" {
		return
	}
	tick := time.NewTicker(garbageAdjust)
	defer tick.Stop()
	inUse := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	set := 100
	for {
		metrics.Read(inUse)
		wanted := garbagePercent(inUse[0].Value.Uint64())
		if wanted*10 < set*9 || wanted*9 > set*10 { // each change stops everything for a moment
			debug.SetGCPercent(wanted)
			set = wanted
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// garbagePercent is how much garbage may wait for the collector, in percent of the bytes in use.
func garbagePercent(inUse uint64) int {
	return int(min(max(garbage*100/max(inUse, 1), garbageLeast), garbageMost))
}

// programEvery is how often what is mapped of the program's file is given back: with little to do it is 30 MB then, and
// else grows by 20 within a minute. To map anew what is used takes ten milliseconds of computing.
const programEvery = 10 * time.Second

// boundProgram gives back, until the context ends, what is in memory of the program's own file and is not used now: at
// first what only the start needed.
func (s *server) boundProgram(ctx context.Context) {
	tick := time.NewTicker(programEvery)
	defer tick.Stop()
	for {
		if err := releaseProgram(); err != nil {
			s.log.Debug("what is not needed of the program stays in memory", "error", err)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

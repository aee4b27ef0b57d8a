package main

import "testing"

// With little in use the collector has nothing to do for 16 MiB; with much in use, garbage takes a quarter at most of
// what that does.
func TestGarbageIsBounded(t *testing.T) {
	t.Parallel()
	for inUse, want := range map[uint64]int{0: 300, 4 << 20: 300, 8 << 20: 200, 16 << 20: 100, 32 << 20: 50, 64 << 20: 25, 512 << 20: 25} {
		if got := garbagePercent(inUse); got != want {
			t.Errorf("%d MiB in use: %d %%, want %d %%", inUse>>20, got, want)
		}
	}
}

package main

import "testing"

// With little in use the collector has nothing to do for 12 MiB; with much in use, garbage takes an eighth at most of
// what that does.
func TestGarbageIsBounded(t *testing.T) {
	t.Parallel()
	for inUse, want := range map[uint64]int{0: 300, 4 << 20: 300, 8 << 20: 150, 16 << 20: 75, 32 << 20: 37, 64 << 20: 18, 512 << 20: 12} {
		if got := garbagePercent(inUse); got != want {
			t.Errorf("%d MiB in use: %d %%, want %d %%", inUse>>20, got, want)
		}
	}
}

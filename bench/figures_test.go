package main

import (
	"slices"
	"testing"
	"time"
)

// TestPercentile guarantees nearest ranks: a percentile is a value that was measured, never one below it.
func TestPercentile(t *testing.T) {
	t.Parallel()
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		sorted  []time.Duration
		percent float64
		want    time.Duration
	}{
		{nil, 99, 0},
		{[]time.Duration{7}, 50, 7},
		{[]time.Duration{7}, 99, 7},
		{[]time.Duration{1, 2, 3, 4}, 50, 2},
		{[]time.Duration{1, 2, 3, 4, 5}, 50, 3},
		{[]time.Duration{1, 2, 3, 4}, 51, 3},
		{hundred, 0, 1},
		{hundred, 50, 50},
		{hundred, 99, 99},
		{hundred, 99.1, 100},
		{hundred, 100, 100},
	} {
		if got := percentile(c.sorted, c.percent); got != c.want {
			t.Errorf("%v %% of %v is %d, not %d", c.percent, c.sorted, got, c.want)
		}
	}
}

// TestMedian guarantees the value in the middle, whatever the order, and that the values stay in theirs.
func TestMedian(t *testing.T) {
	t.Parallel()
	values := []int{9, 1, 5}
	if got := median(values); got != 5 || !slices.Equal(values, []int{9, 1, 5}) {
		t.Errorf("the median is %d, the values %v", got, values)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2 {
		t.Errorf("the median of four is %v", got)
	}
	if got := median([]int(nil)); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
}

// TestMedians guarantees that one disturbed measurement of three decides nothing, and that each figure has its own
// median: the run with the fewest requests may be the one with the least memory.
func TestMedians(t *testing.T) {
	t.Parallel()
	got := medians([]figures{
		{perSecond: 100, p50: 3, p99: 30, cpu: 5, busy: 0.9, resident: 10},
		{perSecond: 10, p50: 1, p99: 900, cpu: 6, busy: 0.1, resident: 30},
		{perSecond: 110, p50: 2, p99: 20, cpu: 40, busy: 1, resident: 20},
	})
	if want := (figures{perSecond: 100, p50: 2, p99: 30, cpu: 6, busy: 0.9, resident: 20}); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
}

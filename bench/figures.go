package main

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// percentile is the nearest-rank percentile: the smallest value that at least so much of a hundred is not above. The
// values must be sorted; of none it is zero.
func percentile(sorted []time.Duration, percent float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(percent / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// median is the value in the middle; of an even number the lower of both, of none zero.
func median[T cmp.Ordered](values []T) T {
	if len(values) == 0 {
		var zero T
		return zero
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[(len(sorted)-1)/2]
}

// figures are what one server did in one measurement.
type figures struct {
	perSecond float64       // answers
	p50, p99  time.Duration // from request to the end of the answer
	cpu       time.Duration // user and system time of the server's process, per request
	busy      float64       // share of one core that the server took
	resident  int64         // bytes of the server's process at the end
}

// medians takes the median of each figure by itself.
func medians(all []figures) figures {
	return figures{
		perSecond: medianOf(all, func(f figures) float64 { return f.perSecond }),
		p50:       medianOf(all, func(f figures) time.Duration { return f.p50 }),
		p99:       medianOf(all, func(f figures) time.Duration { return f.p99 }),
		cpu:       medianOf(all, func(f figures) time.Duration { return f.cpu }),
		busy:      medianOf(all, func(f figures) float64 { return f.busy }),
		resident:  medianOf(all, func(f figures) int64 { return f.resident }),
	}
}

func medianOf[T cmp.Ordered](all []figures, of func(figures) T) T {
	values := make([]T, len(all))
	for i, f := range all {
		values[i] = of(f)
	}
	return median(values)
}

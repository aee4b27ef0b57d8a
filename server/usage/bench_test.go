package usage_test

import (
	"fmt"
	"testing"
	"time"

	"broker/server/database/databasetest"
	"broker/server/usage"
)

func BenchmarkRecord(b *testing.B) {
	r := usage.NewRecorder(databasetest.New(b), silent)
	e := event(usage.Metadata, "tok_01jdexample", "acme/lib", time.Now())
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			r.Record(e)
		}
	})
}

// A flush of 10,000 keys: as many versions downloaded, by 100 tokens.
func BenchmarkFlush(b *testing.B) {
	for name, url := range databasetest.URLs() {
		b.Run(name, func(b *testing.B) {
			db := databasetest.Open(b, url(b))
			r := usage.NewRecorder(db, silent)
			now := time.Now()
			for b.Loop() {
				b.StopTimer()
				for i := range 10_000 {
					r.Record(event(usage.Downloaded, fmt.Sprintf("tok_%d", i%100), fmt.Sprintf("acme/p%d", i), now))
				}
				b.StartTimer()
				if err := r.Flush(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

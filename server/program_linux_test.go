package main

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// What the program's file takes of the memory is less once it is given back, and the program goes on.
func TestProgramIsGivenBack(t *testing.T) { // not in parallel: others would have it mapped again
	resident := func() int {
		status, err := os.ReadFile("/proc/self/status")
		if err != nil {
			t.Fatal(err)
		}
		kilobytes := regexp.MustCompile(`RssFile:\s+(\d+) kB`).FindSubmatch(status)
		if kilobytes == nil {
			t.Fatalf("no RssFile in %s", status)
		}
		n, err := strconv.Atoi(string(kilobytes[1]))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := resident()
	if err := releaseProgram(); err != nil {
		t.Fatal(err)
	}
	if after := resident(); after > before*3/4 {
		t.Errorf("%d kB of the program before, %d kB after", before, after)
	}
}

// What may have been changed in memory stays: it is not in the file.
func TestModifiedMappingsStay(t *testing.T) {
	t.Parallel()
	const smaps = `00400000-00500000 r-xp 00000000 fe:00 12 /srv/broker
Size:               1024 kB
Anonymous:             0 kB
VmFlags: rd ex mr mw me
00500000-00600000 r--p 00100000 fe:00 12 /srv/broker
Anonymous:             4 kB
00600000-00700000 rw-p 00200000 fe:00 12 /srv/broker
Anonymous:             0 kB
00700000-00800000 r--p 00300000 fe:00 13 /srv/other
Anonymous:             0 kB
00800000-00900000 r--p 00000000 00:00 0
Anonymous:             0 kB
7f0000900000-7f0000a00000 r--p 00400000 fe:00 12                  /srv/broker
Rss:                   8 kB
Anonymous:             0 kB
`
	want := []mapping{{0x400000, 0x500000}, {0x7f0000900000, 0x7f0000a00000}}
	if got := slices.Collect(unmodified(strings.NewReader(smaps), "/srv/broker")); !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
}

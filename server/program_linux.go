package main

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// releaseProgram gives back what was read of the program's own file: after the start more than half of it, 30 MB and
// more. What is needed is mapped anew, from the system's cache of files as a rule.
func releaseProgram() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("ask for the program's file: %w", err)
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return fmt.Errorf("ask for the program's memory: %w", err)
	}
	defer maps.Close()
	for m := range unmodified(maps, program) {
		if _, _, failed := unix.Syscall(unix.SYS_MADVISE, m.begin, m.end-m.begin, unix.MADV_DONTNEED); failed != 0 {
			return fmt.Errorf("give back the program's memory at %x: %w", m.begin, failed)
		}
	}
	return nil
}

// mapping is a part of the memory, from an address up to another one.
type mapping struct{ begin, end uintptr }

// unmodified are the mappings of a file that cannot be written and of which nothing differs from the file, as a debugger
// and the relocations of a program would have it: what is given back of them is read from the file again. maps is of the
// form of /proc/PID/smaps (proc(5)).
func unmodified(maps io.Reader, file string) iter.Seq[mapping] {
	return func(yield func(mapping) bool) {
		var m mapping
		var named bool
		for lines := bufio.NewScanner(maps); lines.Scan(); {
			line := lines.Text()
			if anonymous, ok := strings.CutPrefix(line, "Anonymous:"); ok {
				if named && strings.TrimSpace(anonymous) == "0 kB" && !yield(m) {
					return
				}
				continue
			}
			var rights string
			if n, err := fmt.Sscanf(line, "%x-%x %4s", &m.begin, &m.end, &rights); n == 3 && err == nil {
				named = rights[0] == 'r' && rights[1] == '-' && strings.HasSuffix(line, " "+file)
			}
		}
	}
}

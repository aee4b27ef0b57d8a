package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// reportFile is where the last run is kept.
const reportFile = "bench/latest.md"

// report collects what was found, as lines of Markdown tables.
type report struct {
	documentBytes, packedBytes int // of the document that is asked for
	work, tokensInUse, growth  []string
	failures                   []string // why a part is missing or not whole
}

// row tells what the three servers did.
func (r *report) row(of row, broker, nginx, bare figures) {
	for _, line := range []struct {
		server string
		figures
	}{{"broker", broker}, {"nginx", nginx}, {"net/http", bare}} {
		f := line.figures
		name, toNginx, toBare := "", "", ""
		if line.server == "broker" {
			name, toNginx, toBare = fmt.Sprintf("%s, %d connections", of.name, of.connections), ratios(f, nginx), ratios(f, bare)
		}
		r.work = append(r.work, cells(name, line.server, count(int(f.perSecond)), ms(f.p50), ms(f.p99), us(f.cpu),
			fmt.Sprintf("%.0f %%", 100*f.busy), mb(f.resident), toNginx, toBare))
	}
}

// ratios compares two servers by requests and by their computing time; more than 1 is better than the other.
func ratios(f, other figures) string {
	return fmt.Sprintf("%.2f / %.2f", f.perSecond/other.perSecond, float64(other.cpu)/float64(f.cpu))
}

// tokens tells of a number of tokens in use.
func (r *report) tokens(n int, cold answers, f figures, toBare, toFirst float64) {
	r.tokensInUse = append(r.tokensInUse, cells(count(n), count(int(f.perSecond)), fmt.Sprintf("%.2f", toBare), fmt.Sprintf("%.2f", toFirst),
		ms(f.p99), us(f.cpu), mb(f.resident), firstUse(cold)))
}

// firstUse tells how fast each was used for the first time, and how many were refused.
func firstUse(a answers) string {
	text := count(int(a.perSecond()))
	if a.refused > 0 {
		text += fmt.Sprintf(", %s refused", count(a.refused))
	}
	return text
}

// grown tells of one thing that must not grow, or not much.
func (r *report) grown(what, found, wanted string) {
	r.growth = append(r.growth, cells(what, found, wanted))
}

func cells(texts ...string) string { return "| " + strings.Join(texts, " | ") + " |" }

// text is the report as Markdown.
func (r *report) text(b *bench) string {
	var t strings.Builder
	fmt.Fprintf(&t, "# Benchmark\n\nWritten by `make bench`: the %s form, %s, commit %s, %s.\n\n",
		b.form.name, b.begun.UTC().Format("2006-01-02 15:04 UTC"), commit(), time.Since(b.begun).Round(time.Second))
	fmt.Fprintf(&t, "%s; %s; %s; %s; load average %s at the start. %s The broker is on its defaults, with SQLite; tokens have a rate limit and are counted. "+
		"Each figure is the median of %d measurements of %s, the servers in turn; of tokens in use, %s each, in a row. Figures move from machine to machine; ratios hold.\n\n",
		machine(), kernel(), runtime.Version(), nginxVersion(), b.busyBefore, b.cores, rounds, b.brief, b.ample)
	for _, failure := range r.failures {
		fmt.Fprintf(&t, "**Not whole**: %s\n\n", strings.Join(strings.Fields(failure), " "))
	}
	fmt.Fprintf(&t, "## The same work\n\n`p2` is a document of %.1f KB, %.1f KB gzipped. nginx serves the same bytes as files, without asking who wants them; "+
		"net/http is a handler that has them in memory. A core that is less than busy waited for the load. "+
		"Ratios are of requests / of computing time.\n\n", float64(r.documentBytes)/1000, float64(r.packedBytes)/1000)
	table(&t, r.work, "work", "server", "req/s", "p50", "p99", "CPU a request", "core busy", "memory", "to nginx", "to net/http")
	fmt.Fprintf(&t, "\n## Tokens in use\n\n`p2`, %d connections, each request with the next token.\n\n", connections)
	table(&t, r.tokensInUse, "tokens", "req/s", "to net/http", "of the first", "p99", "CPU a request", "memory", "first use of each, req/s")
	t.WriteString("\n## Growth\n\n")
	table(&t, r.growth, "what", "found", "wanted")
	return t.String()
}

func table(t *strings.Builder, lines []string, titles ...string) {
	fmt.Fprintln(t, cells(titles...))
	fmt.Fprintln(t, "|"+strings.Repeat("---|", len(titles)))
	for _, line := range lines {
		fmt.Fprintln(t, line)
	}
}

// String tells how the cores are shared out.
func (c cores) String() string {
	if !c.pinned {
		return "One core for the servers and the load together."
	}
	return fmt.Sprintf("One core for the server that is measured, %d for the load and for what it reads from.", c.load.Count())
}

// machine is the processor and how many cores the benchmark had.
func machine() string {
	model := "unknown processor"
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	return model
}

func kernel() string {
	text, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	release, _, _ := strings.Cut(strings.TrimSpace(string(text)), "-")
	return "Linux " + release
}

// loadAverage is how busy the machine is, over the last minute.
func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	average, _, _ := strings.Cut(string(text), " ")
	return average
}

func nginxVersion() string {
	program, err := findNginx()
	if err != nil {
		return "no nginx"
	}
	text, _ := exec.Command(program, "-v").CombinedOutput()
	_, version, _ := strings.Cut(strings.TrimSpace(string(text)), "nginx/")
	return "nginx " + version
}

// commit is what was measured, and whether anything but the report was changed since.
func commit() string {
	text, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		return "unknown"
	}
	name := strings.TrimSpace(string(text))
	if exec.Command("git", "diff", "--quiet", "HEAD", "--", ".", ":!"+reportFile).Run() != nil {
		name += " with changes"
	}
	return name
}

// count writes a number with a comma before each three digits.
func count(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func ms(d time.Duration) string { return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond)) }

func us(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d)/float64(time.Microsecond)) }

func mb(bytes int64) string { return fmt.Sprintf("%.0f MB", float64(bytes)/1e6) }

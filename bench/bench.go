package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// bench is one run of everything.
type bench struct {
	form
	cores   cores
	dir     string // of all data; removed at the end
	program string // the broker's
	begun   time.Time

	busyBefore string // load average
	report     report

	started  []*process // to be stopped at the end, the last first
	upstream upstream   // what brokers read from, on the load's cores
	broker   *broker
	owner    *api
	limited  tokens // with a rate limit, counted and never reached
	free     tokens // one without
	static   string // folder of what the broker answers, for the others to serve
	nginx    *server
	bare     *server
}

// say tells what is done now.
func (b *bench) say(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(b.begun).Seconds(), fmt.Sprintf(format, values...))
}

// prepare makes the data, has the broker sync it, and starts the other servers on what the broker answers.
func (b *bench) prepare(ctx context.Context) error {
	b.say("preparing the %s form", b.form.name)
	if err := b.prepareUpstream(ctx); err != nil {
		return err
	}
	if err := b.prepareBroker(ctx); err != nil {
		return err
	}
	return b.prepareOthers(ctx)
}

func (b *bench) prepareUpstream(ctx context.Context) error {
	b.upstream.dir = filepath.Join(b.dir, "upstream")
	if err := writeFile(filepath.Join(b.upstream.dir, "ready.json"), []byte("{}")); err != nil {
		return err
	}
	nginx, err := startNginx(ctx, filepath.Join(b.dir, "nginx-upstream"), b.upstream.dir, "/ready.json", false, b.cores.load)
	if err != nil {
		return err
	}
	b.started = append(b.started, nginx.process)
	b.upstream.url = nginx.url()
	return b.upstream.hot()
}

func (b *bench) prepareBroker(ctx context.Context) (err error) {
	if b.broker, err = newBroker(ctx, b.program, filepath.Join(b.dir, "data"), b.cores.server); err != nil {
		return err
	}
	if b.owner, err = signIn(ctx, b.broker); err != nil {
		return err
	}
	if _, _, err := b.owner.addRepository(ctx, "hot", b.upstream.url+"/hot"); err != nil {
		return err
	}
	return b.broker.whileStopped(ctx, func() error {
		return errors.Join(b.free.write(ctx, b.broker.databaseURL(), 1, 0), b.limited.write(ctx, b.broker.databaseURL(), b.form.tokens[0], rateLimit))
	})
}

// prepareOthers stores the broker's answers under their own paths, and serves them.
func (b *bench) prepareOthers(ctx context.Context) error {
	b.static = filepath.Join(b.dir, "static")
	paths, err := b.archivePaths(ctx)
	if err != nil {
		return err
	}
	for _, path := range append(paths, documentPath, rootPath) {
		_, body, err := b.fetch(ctx, &b.broker.server, path)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(b.static, filepath.FromSlash(path)), body); err != nil {
			return err
		}
	}
	if b.nginx, err = startNginx(ctx, filepath.Join(b.dir, "nginx"), b.static, rootPath, true, b.cores.server); err != nil {
		return err
	}
	b.started = append(b.started, b.nginx.process)
	if b.bare, err = startBare(ctx, filepath.Join(b.dir, "bare"), b.static, b.cores.server); err != nil {
		return err
	}
	b.started = append(b.started, b.bare.process)
	return nil
}

// The paths that are asked for, beside those of archives.
const (
	rootPath     = "/packages.json"
	documentPath = "/p2/" + hotPackage + ".json"
)

// archivePaths are the broker's addresses of the archives, in the order of archives.
func (b *bench) archivePaths(ctx context.Context) ([]string, error) {
	_, body, err := b.fetch(ctx, &b.broker.server, "/p2/"+archivePackage+".json")
	if err != nil {
		return nil, err
	}
	text, err := unpack(body)
	if err != nil {
		return nil, err
	}
	var document struct {
		Packages map[string][]struct {
			Version string
			Dist    struct{ URL string }
		}
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, fmt.Errorf("read a document of the broker: %w", err)
	}
	var paths []string
	for _, a := range archives {
		for _, v := range document.Packages[archivePackage] {
			if v.Version == a.version {
				u, err := url.Parse(v.Dist.URL)
				if err != nil {
					return nil, err
				}
				paths = append(paths, u.Path)
			}
		}
	}
	if len(paths) != len(archives) {
		return nil, fmt.Errorf("the broker's document has %d archives of %d: %.300s", len(paths), len(archives), text)
	}
	return paths, nil
}

// fetch asks once, as a client does that takes gzip, and returns the bytes as they were sent.
func (b *bench) fetch(ctx context.Context, s *server, path string) (http.Header, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url()+path, nil)
	if err != nil {
		return nil, nil, err
	}
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("Authorization", string(b.free.credentials(0)))
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s: %.300s", r.URL, response.Status, body)
	}
	return response.Header, body, err
}

// get builds the requests for a path of a server, of one token after another. since is a validator; empty for none.
func get(s *server, path, since string, of *tokens) func(b []byte, i int) []byte {
	return getEach(s, func(int) string { return path }, since, of)
}

// getEach is get with a path for each number.
func getEach(s *server, path func(i int) string, since string, of *tokens) func(b []byte, i int) []byte {
	head := " HTTP/1.1\r\nHost: " + s.address + "\r\nUser-Agent: Composer/2.9.2 (Linux; 6.12; PHP 8.4.1; cURL 8.14.1)\r\nAccept-Encoding: gzip\r\n"
	if since != "" {
		head += "If-Modified-Since: " + since + "\r\n"
	}
	head += "Authorization: "
	return func(b []byte, i int) []byte {
		b = append(append(b, "GET "...), path(i)...)
		b = append(append(b, head...), of.credentials(i)...)
		return append(b, "\r\n\r\n"...)
	}
}

// measure loads a server for a time, after it has settled.
func (b *bench) measure(ctx context.Context, s *server, l *load, d time.Duration) (figures, error) {
	if _, err := l.run(ctx, b.settle, 0); err != nil {
		return figures{}, err
	}
	before, err := s.cpu()
	if err != nil {
		return figures{}, err
	}
	a, err := l.run(ctx, d, 0)
	if err != nil {
		return figures{}, err
	}
	after, err := s.cpu()
	if err != nil {
		return figures{}, err
	}
	resident, err := s.resident()
	return figures{
		perSecond: a.perSecond(), p50: percentile(a.latencies, 50), p99: percentile(a.latencies, 99),
		cpu:  (after - before) / time.Duration(len(a.latencies)),
		busy: float64(after-before) / float64(a.elapsed), resident: resident,
	}, err
}

// contender is a server with the load for it.
type contender struct {
	server *server
	load   *load
}

// compare measures servers in turn, so that what else happens on the machine meets all alike, and returns the medians.
func (b *bench) compare(ctx context.Context, d time.Duration, all ...contender) ([]figures, error) {
	found := make([][]figures, len(all))
	for range rounds {
		for i, c := range all {
			f, err := b.measure(ctx, c.server, c.load, d)
			if err != nil {
				return nil, err
			}
			found[i] = append(found[i], f)
		}
	}
	result := make([]figures, len(all))
	for i := range found {
		result[i] = medians(found[i])
	}
	return result, nil
}

// stopAll ends what was started.
func (b *bench) stopAll() error {
	var errs []error
	if b.broker != nil {
		errs = append(errs, b.broker.stop())
	}
	for i := len(b.started) - 1; i >= 0; i-- {
		errs = append(errs, b.started[i].stop())
	}
	return errors.Join(errs...)
}

package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/lib/pq" // driver "postgres"

	"broker/server/fixture"
)

// Five kills take half a minute; make test-crash asks for a hundred on each database.
var kills = flag.Int("kills", 5, "how often TestKills kills the server")

// TestKills guarantees that a server which is killed at any time, with SIGKILL, while it syncs, follows names, fetches
// archives, takes uploads, makes and revokes tokens and cleans up, has lost nothing that it said was done, and serves
// nothing that it does not have whole. After each kill:
//
//  1. the database is intact;
//  2. each archive that a version names is stored, with its size and digest;
//  3. what the server answered with success is still so: uploads, archives, tokens, revocations;
//  4. each version that is offered can be downloaded;
//  5. the audit log is unbroken;
//  6. the server is ready within three seconds;
//  7. one clean-up leaves no temporary file and no archive that nothing names.
//
// On the way /ready may take longer than three seconds on a busy machine; make test-crash holds it to them.
func TestKills(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		c := newCrash(t, database)
		for n := range *kills {
			c.liveAndDie()
			c.restart()
			c.check(n%10 == 9 || n == *kills-1)
			if t.Failed() {
				t.Fatalf("after kill %d", n+1)
			}
		}
		c.resume()
		t.Logf("%d kills: %d uploads, %d archives, %d tokens and %d revocations were done before one; ready after %s at most",
			*kills, len(c.uploads), len(c.archives), len(c.tokens), len(c.revoked), c.slowest.Round(time.Millisecond))
	})
}

// crash is a server under kills, and what it said was done.
type crash struct {
	*world
	db      *sql.DB
	write   string // secret of a token that may upload
	life    int
	slowest time.Duration // until the server was ready

	mu       sync.Mutex
	uploads  map[string][]byte // by version
	archives map[string]string // SHA-256 by path
	tokens   map[string]string // secret by id
	revoked  map[string]string
}

func newCrash(t *testing.T, database string) *crash {
	followed := fixture.Start(t, fixture.Options{Names: fixture.Unlisted})
	w := newWorld(t, database, fixture.Available)
	w.run("repository", "add", "--name", "followed", "--url", followed.URL(), "--owns", "globex/*", "--priority", "1")
	w.run("repository", "add", "--name", "ours", "--type", "artifact", "--owns", "crash/*")
	driver, address := "postgres", database
	if database == "" {
		driver, address = "sqlite", "file:"+filepath.Join(w.dir, "broker.db")+"?_pragma=busy_timeout(20000)"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &crash{world: w, db: db,
		write:   w.hide(w.run("token", "create", "--description", "Uploads", "--permission", "write", "--rate-limit", "0")),
		uploads: map[string][]byte{}, archives: map[string]string{}, tokens: map[string]string{}, revoked: map[string]string{}}
}

// liveAndDie works the server from all sides, and kills it in the middle of that.
func (c *crash) liveAndDie() {
	c.life++
	c.litter()
	ctx, end := context.WithCancel(c.t.Context())
	defer end()
	var clients sync.WaitGroup
	for _, work := range []func(context.Context, int) error{c.syncs, c.follows, c.fetches, c.fetches, c.publishes, c.grants, c.cleans} {
		clients.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				if work(ctx, n) != nil { // the server is gone
					time.Sleep(5 * time.Millisecond)
				}
			}
		})
	}
	time.Sleep(time.Duration(10+rand.IntN(290)) * time.Millisecond)
	if err := c.command.Process.Kill(); err != nil {
		c.t.Fatal(err)
	}
	c.wait()
	end()
	clients.Wait()
}

// litter leaves what killed writers leave, of two days ago: half an archive, and one that nothing names. What is stored
// is of two days ago too, so that a clean-up would delete it if it thought that nothing named it.
func (c *crash) litter() {
	c.age()
	content := fmt.Appendf(nil, "nobody's %d", c.life)
	digest := sha256.Sum256(content)
	key := hex.EncodeToString(digest[:])
	for _, path := range []string{filepath.Join("tmp", fmt.Sprint("put-", c.life)), filepath.Join(key[:2], key)} {
		path = filepath.Join(c.dir, "dist", path)
		old := time.Now().Add(-48 * time.Hour)
		err := os.MkdirAll(filepath.Dir(path), 0o750)
		if err == nil {
			err = os.WriteFile(path, content, 0o600)
		}
		if err == nil {
			err = os.Chtimes(path, old, old)
		}
		if err != nil {
			c.t.Fatal(err)
		}
	}
}

// ask is a request that may break off; it fails the test where the server answers with an error of its own.
func (c *crash) ask(ctx context.Context, method, path, secret string, body []byte) (status int, answer []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+secret)
	} else {
		r.SetBasicAuth("token", secret)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	if answer, err = io.ReadAll(response.Body); err != nil {
		return 0, nil, err
	}
	if response.StatusCode == http.StatusInternalServerError {
		c.t.Errorf("%s %s: %s", method, path, answer)
	}
	return response.StatusCode, answer, nil
}

// graphQL asks the API with the token that may write; its answer's data, or an error.
func (c *crash) graphQL(ctx context.Context, out any, query string, variables object) error {
	body, err := json.Marshal(object{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	_, answer, err := c.ask(ctx, http.MethodPost, "/graphql", c.write, body)
	if err != nil {
		return err
	}
	var got struct {
		Data   json.RawMessage
		Errors []json.RawMessage
	}
	if err := json.Unmarshal(answer, &got); err != nil {
		return err
	}
	if len(got.Errors) > 0 {
		return fmt.Errorf("the API refused: %s", got.Errors)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(got.Data, out)
}

// syncs has the source change, and brings its repository up to date.
func (c *crash) syncs(ctx context.Context, n int) error {
	names := c.upstream.Names()
	c.upstream.Publish(names[rand.IntN(len(names))], fmt.Sprintf("%d.%d.0", 100+c.life, n))
	return c.graphQL(ctx, nil, `mutation ($id: ID!) { syncRepository(id: $id) { id } }`, object{"id": c.repository})
}

// follows asks for names that are fetched when they are first asked for.
func (c *crash) follows(ctx context.Context, n int) error {
	for _, name := range c.upstream.Names() {
		if strings.HasPrefix(name, "globex/") {
			if _, _, err := c.ask(ctx, http.MethodGet, "/p2/"+name+".json", c.secret, nil); err != nil {
				return err
			}
		}
	}
	time.Sleep(5 * time.Millisecond)
	return nil
}

// fetches downloads an archive of some package.
func (c *crash) fetches(ctx context.Context, n int) error {
	names := c.upstream.Names()
	addresses, err := c.offered(ctx, names[rand.IntN(len(names))])
	if err != nil || len(addresses) == 0 {
		return err
	}
	path := addresses[rand.IntN(len(addresses))]
	status, archive, err := c.ask(ctx, http.MethodGet, path, c.secret, nil)
	if err != nil || status != http.StatusOK {
		return err
	}
	digest := sha256.Sum256(archive)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.archives[path] = hex.EncodeToString(digest[:])
	return nil
}

// offered are the paths of the archives of a package's versions.
func (c *crash) offered(ctx context.Context, name string) (paths []string, err error) {
	status, body, err := c.ask(ctx, http.MethodGet, "/p2/"+name+".json", c.secret, nil)
	if err != nil || status != http.StatusOK {
		return nil, err
	}
	var document struct {
		Packages map[string][]struct{ Dist struct{ URL string } }
	}
	if err := json.Unmarshal(body, &document); err != nil {
		return nil, err
	}
	for _, version := range document.Packages[name] {
		if version.Dist.URL != "" { // else it is the one before's, in the minified form
			paths = append(paths, strings.TrimPrefix(version.Dist.URL, c.url))
		}
	}
	return paths, nil
}

// publishes uploads a version.
func (c *crash) publishes(ctx context.Context, n int) error {
	version := fmt.Sprintf("%d.%d.0", c.life, n)
	archive := plugin(c.t, version, false)
	path := "/upload/ours?name=crash/plugin&type=library&version=" + version
	status, answer, err := c.ask(ctx, http.MethodPut, path, c.write, archive)
	if err != nil {
		return err
	}
	switch status {
	case http.StatusCreated:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.uploads[version] = archive
	case http.StatusServiceUnavailable:
	default:
		c.t.Errorf("an upload: %d %s", status, answer)
	}
	return nil
}

// grants makes a token on the command line's behalf, and revokes every other one.
func (c *crash) grants(ctx context.Context, n int) error {
	var made struct {
		CreateToken struct {
			Token  struct{ ID string }
			Secret string
		}
	}
	if err := c.session(ctx, &made, `mutation { createToken(input: { description: "Crash" }) { token { id } secret } }`, nil); err != nil {
		return err
	}
	id, secret := made.CreateToken.Token.ID, c.hide(made.CreateToken.Secret)
	c.mu.Lock()
	c.tokens[id] = secret
	c.mu.Unlock()
	if n%2 == 0 {
		return nil
	}
	if err := c.session(ctx, nil, `mutation ($ids: [ID!]!) { revokeTokens(ids: $ids) { status } }`, object{"ids": []string{id}}); err != nil {
		c.mu.Lock()
		delete(c.tokens, id) // it may be revoked or not
		c.mu.Unlock()
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tokens, id)
	c.revoked[id] = secret
	return nil
}

// session asks the API as the owner who has signed in.
func (c *crash) session(ctx context.Context, out any, query string, variables object) error {
	body, err := json.Marshal(object{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := c.api.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct {
		Data   json.RawMessage
		Errors []json.RawMessage
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return err
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("the API refused: %s", answer.Errors)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Data, out)
}

// cleans deletes what nothing names, in a process of its own that is killed as well.
func (c *crash) cleans(ctx context.Context, n int) error {
	program, err := build()
	if err != nil {
		return err
	}
	ctx, end := context.WithTimeout(ctx, time.Duration(200+rand.IntN(400))*time.Millisecond)
	defer end()
	command := exec.CommandContext(ctx, program, "storage", "clean")
	command.Env = c.env
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Run() // it is killed more often than not
	return nil
}

func (c *crash) restart() {
	c.t.Helper()
	begun := time.Now()
	c.start()
	took := time.Since(begun)
	if c.slowest = max(c.slowest, took); took > 3*time.Second && *kills >= 100 {
		c.t.Errorf("ready after %s", took)
	}
}

// check holds the seven guarantees, the costly ones where all is wanted.
func (c *crash) check(all bool) {
	c.t.Helper()
	c.databaseIsIntact()
	c.namedArchivesAreWhole()
	c.successIsKept(all)
	if all {
		c.offersCanBeHad()
	}
	if out, complaint, code := c.commandLine("audit", "verify"); code != 0 {
		c.t.Errorf("the audit log: %s %s", out, complaint)
	}
	if all {
		c.nothingIsLeftOver()
	}
}

func (c *crash) databaseIsIntact() {
	c.t.Helper()
	if strings.Contains(fmt.Sprintf("%T", c.db.Driver()), "sqlite") {
		var said string
		if err := c.db.QueryRowContext(c.t.Context(), "PRAGMA integrity_check").Scan(&said); err != nil || said != "ok" {
			c.t.Errorf("the database: %q %v", said, err)
		}
	}
}

// stored are the archives that versions name, with their sizes.
func (c *crash) stored() map[string]int64 {
	c.t.Helper()
	rows, err := c.db.QueryContext(c.t.Context(), "SELECT sha256, size FROM archives WHERE EXISTS (SELECT 1 FROM dists WHERE archive_id = archives.id)")
	if err != nil {
		c.t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]int64{}
	for rows.Next() {
		var key string
		var size int64
		if err := rows.Scan(&key, &size); err != nil {
			c.t.Fatal(err)
		}
		found[key] = size
	}
	if err := rows.Err(); err != nil {
		c.t.Fatal(err)
	}
	return found
}

func (c *crash) namedArchivesAreWhole() {
	c.t.Helper()
	for key, size := range c.stored() {
		content, err := os.ReadFile(filepath.Join(c.dir, "dist", key[:2], key))
		if digest := sha256.Sum256(content); err != nil || int64(len(content)) != size || hex.EncodeToString(digest[:]) != key {
			c.t.Errorf("the archive %s is not whole: %d of %d bytes, %v", key, len(content), size, err)
		}
	}
}

// successIsKept looks whether what was done is done still; some of it, unless all is wanted.
func (c *crash) successIsKept(all bool) {
	c.t.Helper()
	offered, err := c.offered(c.t.Context(), "crash/plugin")
	if err != nil {
		c.t.Fatal(err)
	}
	some := func() bool { return all || rand.IntN(4) == 0 }
	for version, archive := range c.uploads {
		at := slices.IndexFunc(offered, func(path string) bool { return strings.Contains(path, "/"+version+".0/") })
		if at < 0 {
			c.t.Errorf("%s was uploaded, and is not offered", version)
		} else if some() {
			digest := sha256.Sum256(archive)
			c.has(offered[at], hex.EncodeToString(digest[:]))
		}
	}
	for path, digest := range c.archives {
		if some() {
			c.has(path, digest)
		}
	}
	for id, secret := range c.tokens {
		if some() && c.health(secret) != http.StatusOK {
			c.t.Errorf("the token %s was made, and does not work", id)
		}
	}
	for id, secret := range c.revoked {
		if some() && c.health(secret) != http.StatusForbidden {
			c.t.Errorf("the token %s was revoked, and works", id)
		}
	}
}

func (c *crash) has(path, want string) {
	c.t.Helper()
	response, body := c.get(path, c.secret)
	if digest := sha256.Sum256([]byte(body)); response.StatusCode != http.StatusOK || hex.EncodeToString(digest[:]) != want {
		c.t.Errorf("%s was there, and is now: %s, %d bytes", path, response.Status, len(body))
	}
}

// offersCanBeHad downloads an archive of each version of a third of the packages.
func (c *crash) offersCanBeHad() {
	c.t.Helper()
	for _, name := range c.upstream.Names() {
		if rand.IntN(3) > 0 {
			continue
		}
		paths, err := c.offered(c.t.Context(), name)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, path := range paths {
			if response, body := c.get(path, c.secret); response.StatusCode != http.StatusOK {
				c.t.Errorf("%s is offered, and answers %s %.200s", path, response.Status, body)
			}
		}
	}
}

// nothingIsLeftOver makes all that is stored two days old, and cleans up once.
func (c *crash) nothingIsLeftOver() {
	c.t.Helper()
	c.age()
	c.run("storage", "clean")
	c.namedArchivesAreWhole()
	stored := c.stored()
	for _, file := range c.files() {
		if _, named := stored[filepath.Base(file)]; !named {
			c.t.Errorf("%s is left over", file)
		}
	}
}

// age makes all that is stored two days old.
func (c *crash) age() {
	c.t.Helper()
	old := time.Now().Add(-48 * time.Hour).UTC()
	if _, err := c.db.ExecContext(c.t.Context(), "UPDATE archives SET created_at = $1", old); err != nil {
		c.t.Fatal(err)
	}
	for _, file := range c.files() {
		if err := os.Chtimes(file, old, old); err != nil {
			c.t.Fatal(err)
		}
	}
}

// files are all below the folder of archives.
func (c *crash) files() (files []string) {
	c.t.Helper()
	err := filepath.WalkDir(filepath.Join(c.dir, "dist"), func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return files
}

// resume has the source synced again. Where the server ended during three syncs in a row it was paused, or will be once
// the last of them is found to be lost.
func (c *crash) resume() {
	c.t.Helper()
	c.await("a sync to be taken", func() bool {
		c.api.must(nil, `mutation ($id: ID!) { updateRepository(id: $id, input: { enabled: true }) { id } }`, object{"id": c.repository})
		return len(c.api.do(nil, `mutation ($id: ID!) { syncRepository(id: $id) { id } }`, object{"id": c.repository})) == 0 &&
			c.api.synced(c.repository).Status == "SUCCEEDED"
	})
}

package e2e

import (
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"broker/server/servicetest"
)

// clients guarantees what is stated of whole runs of Composer.
func (s *stated) clients(t *testing.T) {
	s.holds("08 an empty repository is one", t, func(t *testing.T) {
		t.Parallel()
		_, nothing := s.api.token(tokenInput{Description: "nothing", Packages: []string{"none/*"}})
		p := s.project(t, nothing)
		contains(t, p.MustRun("update"), "Nothing to install, update or remove")
		if out := p.Composer("require", "none/at-all:*"); out.Code == 0 || strings.Contains(out.Text, "Exception") {
			t.Errorf("%d:\n%s", out.Code, out.Text)
		}
	})
	s.holds("10 impossible names end no run", t, func(t *testing.T) {
		t.Parallel()
		_, asks := s.api.token(tokenInput{Description: "of everything", Packages: []string{"*"}}) // else Composer knows what there is
		p := s.project(t, asks)
		p.Write("composer.json", object{"repositories": []object{{"type": "composer", "url": s.url}, {"packagist.org": false}},
			"require": object{"odd/asks": "1.0.0"}, "config": object{"secure-http": false}})
		out := p.Composer("update", "-vvv")
		if out.Code != 2 { // no set of packages could be found
			t.Errorf("it ends with %d", out.Code)
		}
		contains(t, out.Text, "[404] "+s.url+"/p2/noslash.json", "[404] "+s.url+"/p2/etc/x.json", "[404] "+s.url+"/p2/acme/foo~dev.json", "odd/asks 1.0.0 requires")
		containsNone(t, out.Text, "Exception")
	})
	s.holds("11 a package with branches alone says so", t, func(t *testing.T) {
		t.Parallel()
		p := s.project(t, s.secret)
		out := p.Composer("require", "acme/nightly:*")
		if out.Code == 0 {
			t.Errorf("it is installed:\n%s", out.Text)
		}
		contains(t, out.Text, "minimum-stability")
		p.MustRun("require", "acme/nightly:dev-main")
		contains(t, p.Read("composer.lock"), `"default-branch": true`)
	})
	s.holds("12 a package without branches updates", t, func(t *testing.T) {
		t.Parallel()
		p := s.project(t, s.secret)
		p.MustRun("config", "minimum-stability", "dev")
		p.MustRun("require", "acme/unicode:*")
	})
	s.holds("16 a metapackage installs without an archive", t, func(t *testing.T) {
		t.Parallel()
		out := s.project(t, s.secret).MustRun("require", "-vvv", "odd/meta:^1.0")
		contains(t, out, "Installing odd/meta (1.0.0)", "Installing odd/good (1.0.0)", "/dist/odd/good/")
		containsNone(t, out, "/dist/odd/meta/")
	})
	s.holds("20 branches of all names can be required", t, func(t *testing.T) {
		t.Parallel()
		for _, branch := range []string{"dev-50%off", "dev-größe", "dev-x/y"} {
			p := s.project(t, s.secret)
			p.MustRun("require", "odd/branches:"+branch)
			if !p.Has("vendor/odd/branches/composer.json") {
				t.Errorf("%s is not installed", branch)
			}
		}
	})
	s.holds("23 installations are told here alone", t, func(t *testing.T) {
		t.Parallel()
		contains(t, s.project(t, s.secret).MustRun("require", "-vvv", "acme/contracts:^1.0"), "[204] "+s.url+"/downloads")
		if n := s.upstream.Requests("/notify"); n > 0 {
			t.Errorf("the source was told %d times", n)
		}
	})
	s.holds("42 a blocked name is not asked for elsewhere", t, func(t *testing.T) {
		t.Parallel()
		s.run("block", "add", "acme/dead-cache", "--versions", "*", "--reason", "It sends keys away")
		s.await("the block to be in force", func() bool {
			_, body := s.get("/p2/acme/dead-cache.json", s.secret)
			return strings.HasPrefix(body, `{"packages":{"acme/dead-cache":[]}`)
		})
		p := s.project(t, s.secret)
		p.Write("composer.json", object{"repositories": []object{{"type": "composer", "url": s.url}, {"type": "composer", "url": s.upstream.URL()}, {"packagist.org": false}},
			"require": object{"acme/dead-cache": "*"}, "config": object{"secure-http": false}})
		out := p.Composer("update", "-vvv")
		if out.Code == 0 {
			t.Errorf("it is installed:\n%s", out.Text)
		}
		contains(t, out.Text, s.url+"/p2/acme/dead-cache.json")
		containsNone(t, out.Text, s.upstream.URL()+"/p2/acme/dead-cache")
	})
	s.holds("51 sixty packages install over HTTP/1.1", t, func(t *testing.T) {
		t.Parallel()
		_, usual := s.api.token(tokenInput{Description: "with the usual limit"})
		p := s.project(t, usual)
		sixty(t, s.world, p, "COMPOSER_MAX_PARALLEL_HTTP=12", false)
	})
	s.holds("54 a client without curl installs", t, func(t *testing.T) {
		t.Parallel()
		p := s.project(t, s.secret)
		composer, err := exec.LookPath("composer")
		if err != nil {
			t.Fatal(err)
		}
		const without = "php -d disable_functions=curl_multi_exec "
		out := p.Shell(without + composer + " -n --no-ansi -vvv require odd/meta:^1.0 acme/nightly:dev-main && " + without + composer + " -n --no-ansi -vvv update")
		if out.Code != 0 || !p.Has("vendor/odd/good/composer.json") || !p.Has("vendor/acme/nightly/src/Info.php") {
			t.Errorf("it ends with %d:\n%s", out.Code, out.Text)
		}
		containsNone(t, out.Text, "cURL", "Warning from")
	})
}

// TestSixtyPackagesOverHTTP2 guarantees that a project of sixty packages installs behind the documented nginx, over HTTP/2
// with fifty streams at a time, on the limit that a token has by default, without one refusal or retry.
func TestSixtyPackagesOverHTTP2(t *testing.T) {
	t.Parallel()
	b := newBehindNginx(t, "")
	b.signsIn(t)
	_, usual := b.api.token(tokenInput{Description: "with the usual limit"})
	b.client = b.from(t, "127.0.0.1")
	b.client.Transport.(*http.Transport).ForceAttemptHTTP2 = true
	if response, _ := b.get("/health", usual); response.ProtoMajor != 2 {
		t.Fatalf("nginx speaks %s", response.Proto)
	}
	p := servicetest.NewProject(t, b.url)
	p.Login(b.host(), "token", usual)
	sixty(t, b.world, p, "COMPOSER_CAFILE="+b.certificate+" COMPOSER_MAX_PARALLEL_HTTP=50", true)
}

// sixty requires sixty packages of the fixture, with nothing cached.
func sixty(t *testing.T, w *world, p *servicetest.Project, environment string, secure bool) {
	t.Helper()
	require := object{}
	for _, name := range w.upstream.Names() {
		if !strings.HasPrefix(name, "acme/") {
			require[name] = "^2.0"
		}
	}
	for _, name := range []string{"acme/contracts", "acme/unicode", "acme/mail", "acme/many", "acme/mixedcase"} {
		require[name] = "*"
	}
	p.Write("composer.json", object{"repositories": []object{{"type": "composer", "url": w.url}, {"packagist.org": false}},
		"require": require, "config": object{"secure-http": secure}})
	out := p.Shell(environment + " composer -n --no-ansi -vvv update")
	if n := strings.Count(out.Text, "Extracting archive"); out.Code != 0 || n < 60 {
		t.Errorf("it ends with %d, %d packages are installed:\n%s", out.Code, n, out.Text)
	}
	for _, status := range []int{400, 401, 403, 404, 408, 425, 429, 500, 502, 503, 504} {
		containsNone(t, out.Text, fmt.Sprintf("[%d] ", status))
	}
	containsNone(t, out.Text, "Retrying", "Failed to download", "trying the next URL")
}

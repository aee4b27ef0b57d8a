package e2e

import (
	"archive/zip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// TestNewVersionsInstallWithTheSourceOff guarantees that a version which came after a package was installed is stored
// without anybody asking, so that it installs with its source off; and that the setting ends that.
func TestNewVersionsInstallWithTheSourceOff(t *testing.T) {
	t.Parallel()
	databases(t, func(t *testing.T, database string) {
		var mu sync.Mutex
		var versions []string
		fetched := map[string]int{}
		upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			if version, archive := strings.CutPrefix(r.URL.Path, "/dist/"); archive {
				fetched[version]++
				packed := zip.NewWriter(w)
				file, _ := packed.Create("acme-lib/lib.php")
				io.WriteString(file, "<?php const VERSION = '"+version+"';")
				packed.Close()
				return
			}
			var all []object
			for _, version := range versions {
				all = append(all, object{"name": "acme/lib", "version": version, "autoload": object{"files": []string{"lib.php"}},
					"dist": object{"type": "zip", "url": "http://" + r.Host + "/dist/" + version}})
			}
			json.NewEncoder(w).Encode(object{"packages": object{"acme/lib": all}})
		}))
		t.Cleanup(upstream.Close)
		publish := func(all ...string) {
			mu.Lock()
			defer mu.Unlock()
			versions = all
		}
		count := func(version string) int {
			mu.Lock()
			defer mu.Unlock()
			return fetched[version]
		}
		publish("1.0.0")
		s := start(t, database)
		api := s.owner()
		repository := api.mirror(upstream.URL)
		none := 0
		_, secret := api.token(tokenInput{RateLimit: &none})
		p := s.project(t, secret)
		p.MustRun("require", "acme/lib:^1.0")
		s.await("the download to be counted", func() bool {
			var out struct{ Downloads struct{ TotalCount int } }
			api.must(&out, `{ downloads(where: {package: "acme/lib"}) { totalCount } }`, nil)
			return out.Downloads.TotalCount > 0
		})
		publish("1.0.0", "1.1.0")
		api.sync(repository)
		s.await("the new version to be fetched", func() bool { return count("1.1.0") == 1 })
		s.run("settings", "set", "prefetch=false")
		contains(t, s.run("settings", "list"), "prefetch=false")
		publish("1.0.0", "1.1.0", "1.2.0")
		s.await("the setting to be in force", func() bool {
			var out struct{ Settings struct{ Prefetch bool } }
			api.must(&out, `{ settings { prefetch } }`, nil)
			return !out.Settings.Prefetch
		})
		api.sync(repository)
		upstream.Close()
		p.ForgetCache()
		p.MustRun("require", "acme/lib:1.1.0")
		if got := p.PHP(`echo VERSION;`); got != "1.1.0" {
			t.Errorf("installed is %s", got)
		}
		if n := count("1.1.0"); n != 1 {
			t.Errorf("it was fetched %d times", n)
		}
		if n := count("1.2.0"); n != 0 {
			t.Errorf("with the setting off it was fetched %d times", n)
		}
	})
}

package e2e

import (
	"encoding/json"
	"testing"

	"broker/server/fixture"
	"broker/server/servicetest"
)

// mode has a repository's archives offered as a mode says, and waits until they are.
func (w *world) mode(mode string) {
	w.t.Helper()
	w.api.must(nil, `mutation ($id: ID!, $in: UpdateRepositoryInput!) { updateRepository(id: $id, input: $in) { id } }`,
		object{"id": w.repository, "in": object{"distMode": mode}})
	if last := w.api.synced(w.repository); last.Status != "SUCCEEDED" {
		w.t.Fatalf("the sync: %+v", last)
	}
}

// locked is one package of a lock file.
type locked struct {
	Name   string
	Source struct{ URL string }
	Dist   struct {
		URL, Reference string
		Mirrors        []struct {
			URL       string
			Preferred bool
		}
	}
}

// lockedBy are the packages of a project's lock, by name.
func lockedBy(t *testing.T, p *servicetest.Project) map[string]locked {
	t.Helper()
	var lock struct{ Packages []locked }
	if err := json.Unmarshal([]byte(p.Read("composer.lock")), &lock); err != nil {
		t.Fatal(err)
	}
	all := map[string]locked{}
	for _, one := range lock.Packages {
		all[one.Name] = one
	}
	return all
}

// TestLocksMoveOver guarantees that a project which is locked to another host's addresses installs from the broker alone
// after composer update --lock, at the very commits, also after its token was rotated. In REWRITE nothing of the other host
// is left in the lock; in MIRROR its addresses stay, and are gone to while the broker is down.
func TestLocksMoveOver(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"REWRITE", "MIRROR"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, "", fixture.Available)
			w.mode(mode)
			direct := servicetest.NewProject(t, w.upstream.URL())
			direct.MustRun("require", "acme/contracts:^1.0", "acme/nightly:dev-main", "acme/branches:dev-feature/login")
			const versions = `foreach (["Contracts", "Nightly", "Branches"] as $n) { $c = "Acme\\$n\\Info"; echo $c::VERSION, " ", $c::REFERENCE, "\n"; }`
			want := direct.PHP(versions)

			p := w.project(t, w.secret)
			var manifest object
			if err := json.Unmarshal([]byte(direct.Read("composer.json")), &manifest); err != nil {
				t.Fatal(err)
			}
			var own object
			if err := json.Unmarshal([]byte(p.Read("composer.json")), &own); err != nil {
				t.Fatal(err)
			}
			manifest["repositories"] = own["repositories"]
			p.Write("composer.json", manifest)
			p.WriteText("composer.lock", direct.Read("composer.lock"))
			p.MustRun("update", "--lock")
			containsNone(t, p.Read("composer.lock"), w.secret)
			for name, was := range lockedBy(t, direct) {
				now := lockedBy(t, p)[name]
				if now.Dist.Reference != was.Dist.Reference {
					t.Errorf("%s moved from %s to %s", name, was.Dist.Reference, now.Dist.Reference)
				}
				switch mode {
				case "REWRITE":
					contains(t, now.Dist.URL, w.url+"/dist/"+name+"/")
					if now.Source.URL != "" || len(now.Dist.Mirrors) > 0 {
						t.Errorf("%s can be had from elsewhere: %+v", name, now)
					}
				case "MIRROR":
					if now.Dist.URL != was.Dist.URL || now.Source.URL != was.Source.URL {
						t.Errorf("%s: %+v, was %+v", name, now, was)
					}
					if len(now.Dist.Mirrors) != 1 || !now.Dist.Mirrors[0].Preferred || now.Dist.Mirrors[0].URL != w.url+"/dist/%package%/%version%/%reference%.%type%" {
						t.Errorf("%s is mirrored at %+v", name, now.Dist.Mirrors)
					}
				}
			}
			installs := func(when string) string {
				t.Helper()
				p.ForgetCache()
				p.ForgetPackages()
				out := p.MustRun("install")
				if got := p.PHP(versions); got != want {
					t.Errorf("%s: installed are %q, want %q", when, got, want)
				}
				return out
			}
			containsNone(t, installs("from both"), "trying the next URL", "Warning from")
			w.upstream.SwitchOff()
			containsNone(t, installs("with the other host off"), "trying the next URL")

			var rotated struct{ RotateToken struct{ Secret string } }
			w.api.must(&rotated, `mutation ($id: ID!) { rotateToken(id: $id, gracePeriodSeconds: 0) { secret } }`, object{"id": w.token})
			w.hide(rotated.RotateToken.Secret)
			p.Login(w.host(), "token", rotated.RotateToken.Secret)
			installs("with another secret")

			if err := w.upstream.SwitchOn(); err != nil {
				t.Fatal(err)
			}
			if code := w.stop(); code != 0 {
				t.Fatalf("the server ended with %d", code)
			}
			if mode == "MIRROR" {
				contains(t, installs("while the broker is down"), "trying the next URL")
				return
			}
			p.ForgetCache()
			p.ForgetPackages()
			if out := p.Composer("install"); out.Code == 0 {
				t.Errorf("installed from elsewhere:\n%s", out.Text)
			}
		})
	}
}

package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// ranks order the packages: one imports only packages of a lower rank. A package that is not here fails the test.
var ranks = map[string]int{
	"server/text": -1, "server/bounded": -1, // of which the other leaves may make use
	"server/secret": 0, "server/background": 0, "server/compact": 0, "server/forwarded": 0, "server/pattern": 0, "server/metadata": 0, "server/safehttp": 0, "server/seal": 0, "server/fault": 0, "server/archive": 0, "server/inspect": 0, "server/turns": 0, "server/fold": 0, "server/git": 0, "server/https": 0, "server/mail": 0, "frontend": 0,
	"server/packagerule": 1, "server/source": 1, "server/bucket": 1,
	"server/database": 2,
	"server/cached":   3, "server/usage": 3, "server/audit": 3,
	"server/settings": 4, "server/jobs": 4, "server/notice": 4,
	"server/auth": 5, "server/account": 5, "server/catalog": 5,
	"server/repository": 6, "server/tokens": 6, "server/ratelimit": 6,
	"server/mirror": 7, "server/view": 7, "server/caller": 7, "server/upload": 7, "server/organization": 7, "server/openid": 6, "graph/keyset": 7,
	"server/composer": 8, "graph": 8, "server/export": 8, "server/leak": 8, "server/webhook": 8, "server/command": 8, "server/connections": 1,
	"server": 9, "bench": 9, "lint": 9,
}

// support is for tests, and may be imported by them alone.
var support = []string{"server/servicetest", "server/database/databasetest", "server/fixture", "server/e2e"}

// Imports run downwards: leaves, database, tokens and usage, catalog, mirror, the two ways in, the program.
func TestImportsRunDownwards(t *testing.T) {
	t.Parallel()
	for _, p := range ourPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, "broker/")
		if strings.HasPrefix(name, "ent") || name == "graph/generated" || name == "graph/model" || name == "graph/scalar" || isSupport(name) {
			continue
		}
		rank, known := ranks[name]
		if !known {
			t.Errorf("%s has no rank", name)
		}
		for _, imported := range p.Imports {
			other, ours := strings.CutPrefix(imported, "broker/")
			if !ours {
				continue
			}
			if isSupport(other) {
				t.Errorf("%s imports %s, which is for tests", name, other)
			}
			if otherRank, ranked := ranks[other]; ranked && otherRank >= rank {
				t.Errorf("%s imports %s, which is not below it", name, other)
			}
			if rank == 0 && strings.HasPrefix(other, "ent") {
				t.Errorf("%s is a leaf and imports %s", name, other)
			}
			if other == "frontend" && name != "server" {
				t.Errorf("%s imports the dashboard", name)
			}
		}
	}
}

func isSupport(name string) bool {
	for _, s := range support {
		if name == s || strings.HasPrefix(name, s+"/") {
			return true
		}
	}
	return false
}

type listedPackage struct {
	ImportPath string
	Imports    []string
}

func ourPackages(t *testing.T) []listedPackage {
	t.Helper()
	output, err := exec.Command("go", "list", "-json=ImportPath,Imports", "broker/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listedPackage
	for decoder := json.NewDecoder(strings.NewReader(string(output))); ; {
		var p listedPackage
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

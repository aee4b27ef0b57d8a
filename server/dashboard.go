package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
)

// contentSecurityPolicy lets the dashboard use its own files and nothing else; no script can be written into a page.
const contentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// dashboard serves the built single-page application.
type dashboard struct {
	files  fs.FS
	secure bool
	index  []byte
	etag   string
}

func newDashboard(files fs.FS, secure bool) *dashboard {
	d := &dashboard{files: files, secure: secure}
	if index, err := fs.ReadFile(files, "index.html"); err == nil {
		sum := sha256.Sum256(index)
		d.index, d.etag = index, `"`+hex.EncodeToString(sum[:8])+`"`
	}
	return d
}

// pages are the addresses that the application has a page for; $ stands for any one segment. A test compares them with
// the application's own routes.
var pages = []string{
	"/", "/login", "/setup", "/invite", "/second-factor", "/access", "/claim", "/account", "/users", "/audit", "/notices", "/settings", "/usage", "/versions", "/packages", "/packages/$/$", "/repositories", "/repositories/$", "/tokens", "/tokens/$",
}

// isPage tells whether the application has a page for a clean path.
func isPage(name string) bool {
	segments := strings.Split(name, "/")
	return slices.ContainsFunc(pages, func(page string) bool {
		wanted := strings.Split(strings.TrimPrefix(page, "/"), "/")
		return slices.EqualFunc(wanted, segments, func(want, is string) bool { return want == is || want == "$" && is != "" })
	})
}

// ServeHTTP answers files as they are, and else with the application's page, to browsers only, so that a mistyped address
// of the API is not answered by a page. Where the application has none for the address, its page says so, with 404.
func (d *dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	d.headers(w.Header())
	if name != "" && name != "index.html" && fs.ValidPath(name) && d.serveFile(w, r, name) {
		return
	}
	if strings.HasPrefix(name, "assets/") || !strings.Contains(r.Header.Get("Accept"), "text/html") {
		notFound(w)
		return
	}
	if d.index == nil {
		http.Error(w, "This build has no dashboard. Build one with: make build", http.StatusNotFound)
		return
	}
	d.serveIndex(w, r, isPage(name))
}

func (d *dashboard) headers(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if d.secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

func (d *dashboard) serveIndex(w http.ResponseWriter, r *http.Request, there bool) {
	h := w.Header()
	h.Set("Content-Security-Policy", contentSecurityPolicy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept")
	if !there {
		h.Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNotFound)
		w.Write(d.index)
		return
	}
	h.Set("Etag", d.etag)
	if r.Header.Get("If-None-Match") == d.etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Write(d.index)
}

// encodings are the packed twins that the build makes of a file, best first.
var encodings = []struct{ coding, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

func (d *dashboard) serveFile(w http.ResponseWriter, r *http.Request, name string) bool {
	info, err := fs.Stat(d.files, name)
	if err != nil || info.IsDir() || strings.HasPrefix(path.Base(name), ".") {
		return false
	}
	h := w.Header()
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		h.Set("Content-Type", kind)
	}
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // named by its content
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Vary", "Accept-Encoding")
	for _, e := range encodings {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), e.coding) {
			continue
		}
		if _, err := fs.Stat(d.files, name+e.suffix); err == nil {
			h.Set("Content-Encoding", e.coding)
			name += e.suffix
			break
		}
	}
	http.ServeFileFS(w, r, d.files, name)
	return true
}

func notFound(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNotFound)
	w.Write([]byte(`{"warning":"There is nothing at this address.","error":"NOT_FOUND"}`))
}

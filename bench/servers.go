package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// server is one that is measured, or read from.
type server struct {
	*process
	address string
}

func (s *server) url() string { return "http://" + s.address }

// broker is the program that all this is about, with its folder. It can be stopped and started again.
type broker struct {
	server
	program  string
	dir      string // of its data
	on       unix.CPUSet
	password string // of the owner
}

// ownerEmail is who signs in.
const ownerEmail = "bench@example.org"

// newBroker starts a broker on an empty folder, on its defaults.
func newBroker(ctx context.Context, program, dir string, on unix.CPUSet) (*broker, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	b := &broker{server: server{address: address}, program: program, dir: dir, on: on, password: rand.Text()}
	return b, b.start(ctx)
}

func (b *broker) start(ctx context.Context) (err error) {
	b.process, err = start("the broker", b.dir+".log", b.on, []string{
		"BROKER_LISTEN=" + b.address, "BROKER_PUBLIC_URL=" + b.url(), "BROKER_DATA_DIR=" + b.dir,
		"BROKER_ALLOWED_UPSTREAMS=127.0.0.0/8", "BROKER_LOG_LEVEL=warn",
		"BROKER_MAX_CONNECTIONS_PER_ADDRESS=512", // all of the load comes from one
		"BROKER_ADMIN_EMAIL=" + ownerEmail, "BROKER_ADMIN_PASSWORD=" + b.password,
	}, b.program)
	if err != nil {
		return err
	}
	return b.await(ctx, b.url()+"/ready")
}

// whileStopped stops the broker, does something to its data, and starts it again.
func (b *broker) whileStopped(ctx context.Context, do func() error) error {
	if err := errors.Join(b.stop(), do()); err != nil {
		return err
	}
	return b.start(ctx)
}

func (b *broker) databaseURL() string { return "sqlite:" + filepath.Join(b.dir, "broker.db") }

// nginxConfig is nginx at its fastest for files: one process, no log, open files kept. %s are the address, the folder
// that is served, and what is added for files that are gzipped already.
const nginxConfig = `daemon off;
master_process off;
pid nginx.pid;
worker_rlimit_nofile 4096;
events { worker_connections 2048; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_timeout 1h;
	keepalive_requests 1000000000;
	open_file_cache max=1000 inactive=1h;
	open_file_cache_valid 1h;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	server {
		listen %s backlog=4096;
		root %s;
		types { }
		location / { default_type application/json; %s }
		location /dist/ { default_type application/zip; }
	}
}
`

// startNginx serves a folder, and waits until a path of it is answered. dir is where it keeps what is its own.
func startNginx(ctx context.Context, dir, root, ready string, gzipped bool, on unix.CPUSet) (*server, error) {
	program, err := findNginx()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	encoding := ""
	if gzipped {
		encoding = "add_header Content-Encoding gzip;"
	}
	config := filepath.Join(dir, "nginx.conf")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if err := os.WriteFile(config, fmt.Appendf(nil, nginxConfig, address, strconv.Quote(root), encoding), 0o600); err != nil {
		return nil, err
	}
	process, err := start("nginx", filepath.Join(dir, "log"), on, nil, program, "-p", dir, "-c", config, "-e", filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	s := &server{process, address}
	return s, s.await(ctx, s.url()+ready)
}

// findNginx finds the program, which Debian has where only root looks.
func findNginx() (string, error) {
	for _, name := range []string{"nginx", "/usr/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("nginx is not installed; on Debian: apt-get install nginx-light")
}

// startBare has this program serve a folder as little as net/http can.
func startBare(ctx context.Context, dir, root string, on unix.CPUSet) (*server, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	process, err := start("the bare net/http server", dir+".log", on, nil, program, bareCommand, address, root)
	if err != nil {
		return nil, err
	}
	s := &server{process, address}
	return s, s.await(ctx, s.url()+"/packages.json")
}

// bareCommand is the argument that makes this program the bare server.
const bareCommand = "serve-bare"

// serveBare answers documents, which are gzipped, from memory, and archives from their files.
func serveBare(address, root string) error {
	documents := map[string]document{}
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		body, err := os.ReadFile(path)
		documents[strings.TrimPrefix(path, root)] = document{body, strconv.Itoa(len(body)), info.ModTime().UTC().Format(http.TimeFormat)}
		return err
	})
	if err != nil {
		return err
	}
	return http.ListenAndServe(address, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, ok := documents[r.URL.Path]
		if !ok {
			http.ServeFile(w, r, filepath.Join(root, filepath.FromSlash(r.URL.Path)))
			return
		}
		header := w.Header()
		header.Set("Last-Modified", d.modified)
		if r.Header.Get("If-Modified-Since") == d.modified {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		header.Set("Content-Type", "application/json")
		header.Set("Content-Encoding", "gzip")
		header.Set("Content-Length", d.length)
		w.Write(d.body)
	}))
}

// document is a gzipped file in memory.
type document struct {
	body             []byte
	length, modified string
}

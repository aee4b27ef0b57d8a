package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
)

// connections is how many are open where nothing else is said.
const connections = 64

// row is work that all servers can do.
type row struct {
	name        string
	path        string
	connections int
	unchanged   bool // asked with the validator of the last answer
}

// rows compares the broker with the others, and the limit on with off.
func (b *bench) rows(ctx context.Context) error {
	paths, err := b.archivePaths(ctx)
	if err != nil {
		return err
	}
	if err := b.describeDocument(ctx); err != nil {
		return err
	}
	var all []row
	for _, n := range b.form.connections {
		all = append(all, row{"`p2`", documentPath, n, false})
	}
	all = append(all,
		row{"`p2`, unchanged (304)", documentPath, connections, true},
		row{fmt.Sprintf("`packages.json`, %d names", hotNames), rootPath, connections, false},
		row{"200 KB zip", paths[0], connections, false},
		row{"20 MB zip", paths[1], 1, false},
	)
	for _, r := range all {
		b.say("%s, %d connections", r.name, r.connections)
		if err := b.row(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	return b.limitOnAndOff(ctx)
}

func (b *bench) row(ctx context.Context, r row) error {
	servers := []*server{&b.broker.server, b.nginx, b.bare}
	all := make([]contender, len(servers))
	for i, s := range servers {
		l := &load{address: s.address, connections: r.connections, status: http.StatusOK, request: get(s, r.path, "", &b.limited)}
		if r.unchanged {
			header, _, err := b.fetch(ctx, s, r.path)
			if err != nil {
				return err
			}
			l.status, l.request = http.StatusNotModified, get(s, r.path, header.Get("Last-Modified"), &b.limited)
		}
		all[i] = contender{s, l}
	}
	found, err := b.compare(ctx, b.brief, all...)
	if err != nil {
		return err
	}
	b.report.row(r, found[0], found[1], found[2])
	return nil
}

// documents is the ordinary load of a server: one document, with one token after another.
func documents(s *server, of *tokens) contender {
	return contender{s, &load{address: s.address, connections: connections, status: http.StatusOK, request: get(s, documentPath, "", of)}}
}

func (b *bench) limitOnAndOff(ctx context.Context) error {
	b.say("the limit on and off")
	found, err := b.compare(ctx, b.brief, documents(&b.broker.server, &b.limited), documents(&b.broker.server, &b.free))
	if err != nil {
		return err
	}
	b.report.grown("`p2` with a rate limit / without", fmt.Sprintf("%.2f", found[0].perSecond/found[1].perSecond), "≥ 0.92")
	return nil
}

// describeDocument tells the size of the document that is asked for.
func (b *bench) describeDocument(ctx context.Context) error {
	_, packed, err := b.fetch(ctx, &b.broker.server, documentPath)
	if err != nil {
		return err
	}
	plain, err := unpack(packed)
	b.report.documentBytes, b.report.packedBytes = len(plain), len(packed)
	return err
}

func unpack(body []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("unpack a document: %w", err)
	}
	return io.ReadAll(r)
}

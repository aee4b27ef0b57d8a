// Package mirror brings the catalog and the archive store up to date from sources: all of a source's metadata by a sync,
// an archive on its first use.
package mirror

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/singleflight"

	"broker/ent"
	"broker/server/archive"
	"broker/server/catalog"
	"broker/server/database"
	"broker/server/repository"
	"broker/server/source"
)

// fetchFor bounds the fetch of one archive, whoever waits for it.
const fetchFor = 10 * time.Minute

// Archives opens stored archives, and fetches those that are not stored yet.
type Archives struct {
	store   *archive.Store
	catalog *catalog.Catalog
	sources *repository.Service
	log     *slog.Logger
	flights singleflight.Group
}

// NewArchives returns the archives of a catalog's dists, kept in the store.
func NewArchives(store *archive.Store, c *catalog.Catalog, sources *repository.Service, log *slog.Logger) *Archives {
	return &Archives{store: store, catalog: c, sources: sources, log: log}
}

// Open opens the archive of a dist for a request of a method, GET or HEAD. What is not stored is fetched from its source
// once, however many ask for it, and served only after it was verified and kept. *catalog.Unavailable where it cannot be
// had; *archive.Unreachable where the store cannot be used, which is no reason to ask its source.
func (a *Archives) Open(ctx context.Context, d *catalog.Dist, method string) (*archive.Content, error) {
	if d.Archive != nil {
		content, err := a.store.Open(ctx, *d.Archive, method)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return content, err
		}
		level := slog.LevelInfo // another instance has it
		if _, damaged := errors.AsType[*archive.Damaged](err); damaged || a.store.Shared() {
			level = slog.LevelError
		}
		a.log.Log(ctx, level, "a stored archive is not here and is fetched again", "package", d.Package, "version", d.Version, "error", err)
	}
	if err := a.store.Ready(); err != nil { // nothing that is fetched could be kept
		return nil, err
	}
	info, err := a.fetchOnce(ctx, d, false)
	if err != nil {
		return nil, err
	}
	return a.store.Open(ctx, info, method)
}

// fetchOnce fetches an archive; whoever asks at once shares that. ahead tells that nobody waits for it.
func (a *Archives) fetchOnce(ctx context.Context, d *catalog.Dist, ahead bool) (archive.Info, error) {
	// Who was offered other bytes at the address shares no fetch.
	flight := a.flights.DoChan(d.ID+" "+d.URL+" "+d.Shasum, func() (any, error) {
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchFor)
		defer cancel()
		return database.Caught(func() (archive.Info, error) { return a.fetch(detached, d, ahead) })
	})
	select {
	case <-ctx.Done():
		return archive.Info{}, ctx.Err()
	case result := <-flight:
		return result.Val.(archive.Info), result.Err
	}
}

func (a *Archives) fetch(ctx context.Context, d *catalog.Dist, ahead bool) (archive.Info, error) {
	if info, stored := a.storedMeanwhile(ctx, d); stored {
		return info, nil
	}
	if d.Archive == nil && d.Overwritten {
		return archive.Info{}, &catalog.Unavailable{Reason: "its source has something else at the same address than when this version was first seen"}
	}
	src, repo, err := a.sources.SourceByID(ctx, d.RepositoryID)
	if ent.IsNotFound(err) {
		return archive.Info{}, &catalog.Unavailable{Reason: "its repository was removed", Gone: true, Cause: err}
	}
	if errors.Is(err, repository.ErrNoSource) {
		return archive.Info{}, &catalog.Unavailable{Reason: "it was uploaded, and its stored archive is missing: upload the same archive again, which puts it back", Cause: err}
	}
	if err != nil {
		return archive.Info{}, err
	}
	blob, err := src.Archive(ctx, source.Dist{URL: d.URL, Type: d.Type, Reference: d.Reference, Shasum: d.Shasum, Ahead: ahead})
	if err != nil {
		a.log.Warn("an archive could not be fetched", "package", d.Package, "version", d.Version, "repository", repo.Name, "error", err)
		return archive.Info{}, notDelivered(err)
	}
	defer blob.Close()
	expect := archive.Expect{Size: blob.Size, SHA1: blob.SHA1, Type: d.Type}
	switch {
	case d.Archive != nil && d.Pinned: // compared below: other bytes are stored aside for a person to decide of
		expect.SHA1 = ""
	case d.Archive != nil: // its bytes were handed out, and no others are
		expect.SHA1 = d.Archive.SHA1
	}
	info, err := a.store.Put(ctx, blob, expect)
	if err != nil {
		return archive.Info{}, a.notKept(d, repo.Name, err)
	}
	if d.Archive != nil && info.SHA256 != d.Archive.SHA256 {
		return archive.Info{}, a.differs(ctx, d, repo.Name, info)
	}
	a.record(ctx, d, info)
	return info, nil
}

// notDelivered says why a source gave no archive.
func notDelivered(err error) *catalog.Unavailable {
	refused := &catalog.Unavailable{Reason: "it cannot be reached", Cause: err}
	if mismatch, ok := errors.AsType[*archive.Mismatch](err); ok {
		refused.Reason = mismatch.Reason
	}
	if errors.Is(err, source.ErrNotFound) {
		refused.Reason, refused.Gone = "it is not there", true
	}
	return refused
}

// differs refuses bytes that are not those that were handed out.
func (a *Archives) differs(ctx context.Context, d *catalog.Dist, repository string, came archive.Info) error {
	a.log.Warn("a source has other bytes for an archive that was handed out", "package", d.Package, "version", d.Version, "repository", repository,
		"stored", d.Archive.SHA256, "offered", came.SHA256)
	if d.Pinned {
		if err := a.catalog.Differs(ctx, d, came); err != nil {
			a.log.Error("a changed archive could not be noted", "package", d.Package, "version", d.Version, "error", err)
		}
	}
	return &catalog.Unavailable{Reason: "its source has other bytes for it now than when this version was first seen"}
}

// storedMeanwhile finds what another fetch stored after the dist was read.
func (a *Archives) storedMeanwhile(ctx context.Context, d *catalog.Dist) (archive.Info, bool) {
	now, err := a.catalog.Again(ctx, d)
	if err != nil || now.Archive == nil {
		return archive.Info{}, false
	}
	content, err := a.store.Open(ctx, *now.Archive, http.MethodHead)
	if err != nil {
		return archive.Info{}, false
	}
	return *now.Archive, content.Close() == nil
}

// record has the database know of a stored archive. One that takes no writes just now keeps nobody from it: it is stored
// and verified, and whoever asks next has it fetched and recorded again.
func (a *Archives) record(ctx context.Context, d *catalog.Dist, info archive.Info) {
	_, err := database.Soon(ctx, func(ctx context.Context) (struct{}, error) { return struct{}{}, a.catalog.Keep(ctx, d, info) })
	if err != nil {
		a.log.Error("an archive is served that could not be recorded", "package", d.Package, "version", d.Version, "error", err)
	}
}

// notKept says why bytes that came were not kept. A full disk is ours, and a bucket that does not answer; the rest is the source's.
func (a *Archives) notKept(d *catalog.Dist, repository string, err error) error {
	a.log.Warn("an archive was not kept", "package", d.Package, "version", d.Version, "repository", repository, "error", err)
	if mismatch, ok := errors.AsType[*archive.Mismatch](err); ok {
		return &catalog.Unavailable{Reason: mismatch.Reason, Cause: err}
	}
	if _, ok := errors.AsType[*archive.Unreachable](err); ok {
		return err
	}
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err
	}
	return &catalog.Unavailable{Reason: "it broke off", Cause: err}
}

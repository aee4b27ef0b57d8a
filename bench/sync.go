package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
)

// sync measures a broker on a folder of its own that takes over a large source, and that finds nothing changed there.
func (b *bench) sync(ctx context.Context) (err error) {
	b.say("%s packages: writing them", count(b.packages))
	names, err := b.upstream.large(b.packages)
	if err != nil {
		return err
	}
	if err := b.broker.stop(); err != nil {
		return err
	}
	if b.broker, err = newBroker(ctx, b.program, filepath.Join(b.dir, "data-sync"), b.cores.server); err != nil {
		return err
	}
	var free tokens
	err = b.broker.whileStopped(ctx, func() error { return free.write(ctx, b.broker.databaseURL(), 1, 0) })
	if err != nil {
		return err
	}
	if b.owner, err = signIn(ctx, b.broker); err != nil {
		return err
	}
	if _, _, err := b.owner.addRepository(ctx, "hot", b.upstream.url+"/hot"); err != nil {
		return err
	}
	if err := b.syncLarge(ctx, &free); err != nil {
		return err
	}
	return b.packagesInUse(ctx, names, &free)
}

// syncLarge syncs the source twice, the first time while packages.json is asked for.
func (b *bench) syncLarge(ctx context.Context, free *tokens) error {
	root := get(&b.broker.server, rootPath, "", free)
	idle, err := paceFor(ctx, b.broker.address, root, besideEvery, b.api)
	if err != nil {
		return err
	}
	b.say("%s packages: the first sync", count(b.packages))
	var id string
	var run syncRun
	busy, err := b.beside(ctx, root, func() (err error) {
		id, run, err = b.owner.addRepository(ctx, "large", b.upstream.url+"/large")
		return err
	})
	if err != nil {
		return err
	}
	if busy.failed > 0 {
		return fmt.Errorf("packages.json during a sync: %s", busy.example)
	}
	b.say("%s packages: the same again", count(b.packages))
	again, err := b.owner.syncAgain(ctx, id)
	if err != nil {
		return err
	}
	if run.PackagesDone != b.packages || again.PackagesDone != b.packages {
		return fmt.Errorf("the syncs did %d and %d packages of %d", run.PackagesDone, again.PackagesDone, b.packages)
	}
	what := fmt.Sprintf("sync of a listed source, %s packages × %d versions", count(b.packages), largeVersions)
	b.report.grown(what, fmt.Sprintf("%s packages/s", count(int(run.perSecond()))), "≥ 600")
	b.report.grown("the same again, nothing changed (`p2` 304, `~dev` 404)", fmt.Sprintf("%s packages/s", count(int(again.perSecond()))), "≥ 10,000")
	b.report.grown("`packages.json` p99 while such a sync runs / idle", fmt.Sprintf("%s / %s", ms(percentile(busy.took, 99)), ms(percentile(idle.took, 99))), "≤ 10 ms")
	b.report.grown(fmt.Sprintf("the same for clients who come every %s, and wait for each other", besideEvery),
		fmt.Sprintf("%s / %s", ms(percentile(busy.waited, 99)), ms(percentile(idle.waited, 99))), "")
	return nil
}

// packagesInUse compares one package that is asked for with all of them.
func (b *bench) packagesInUse(ctx context.Context, names []string, free *tokens) error {
	b.say("%s packages: all in use", count(len(names)))
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = "/p2/" + name + ".json"
	}
	s := &b.broker.server
	one := &load{address: s.address, connections: connections, status: http.StatusOK, request: get(s, paths[0], "", free)}
	all := &load{address: s.address, connections: connections, status: http.StatusOK,
		request: getEach(s, func(i int) string { return paths[i%len(paths)] }, "", free)}
	if _, err := useEach(ctx, all, len(paths)); err != nil {
		return err
	}
	found, err := b.compare(ctx, b.brief, contender{s, one}, contender{s, all})
	if err != nil {
		return err
	}
	b.report.grown(fmt.Sprintf("`p2`, %s packages in use / 1", count(len(names))), fmt.Sprintf("%.2f", found[1].perSecond/found[0].perSecond), "≥ 0.80")
	return nil
}

package command

import (
	"context"
	"fmt"
	"os"
	"strings"

	"broker/server/cached"
	"broker/server/metadata"
	"broker/server/repository"
	"broker/server/upload"
)

// uploadArchive stores an archive as a version, as PUT /upload does.
func uploadArchive(f *flags) work {
	said := metadata.Said{Require: map[string]string{}}
	f.StringVar(&said.Name, "name", "", "the package's name, where the archive has no composer.json")
	f.StringVar(&said.Version, "version", "", "its version, where composer.json has none")
	f.StringVar(&said.Type, "type", "", "its type, such as wordpress-plugin; library where nothing says it")
	f.StringVar(&said.Description, "description", "", "what it is")
	var require many
	f.Var(&require, "require", "a package it requires and the constraint, such as php:^8.2; may be given more than once")
	return func(ctx context.Context, t *tools) error {
		for _, one := range require {
			name, constraint, ok := strings.Cut(one, ":")
			if !ok || name == "" || constraint == "" {
				return &usageError{fmt.Sprintf("upload: --require is a package and a constraint, such as php:^8.2; %q is not", one)}
			}
			said.Require[name] = constraint
		}
		store, err := t.config.Store(ctx)
		if err != nil {
			return err
		}
		service := &upload.Service{
			DB: t.db, Store: store, Catalog: t.catalog(),
			Owners: repository.NewOwners(t.db, cached.NewMemory(t.db.Changes)), Audit: t.events,
		}
		row, err := service.Find(ctx, f.words[0])
		if err != nil {
			return err
		}
		file, err := os.Open(f.words[1])
		if err != nil {
			return err
		}
		defer file.Close()
		taken, err := service.Take(ctx, upload.Upload{Repository: row, Body: file, Size: -1, Said: said})
		if err != nil {
			return err
		}
		fmt.Fprintf(t.Err, "%s %s is uploaded to %s.\n", taken.Package, taken.Version, row.Name)
		if taken.Notice != "" {
			fmt.Fprintln(t.Err, taken.Notice)
		}
		_, err = fmt.Fprintln(t.Out, taken.URL)
		return err
	}
}

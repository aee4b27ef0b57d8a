package graph

import (
	"context"

	"broker/graph/model"
	"broker/server/auth"
	"broker/server/repository"
)

// described is what an input says of a repository.
func described(in model.CreateRepositoryInput) repository.Input {
	return repository.Input{
		Name: &in.Name, Type: in.Type, URL: in.URL, Packages: list(in.Packages), Owns: list(in.Owns),
		Paths: in.Paths, PackFrom: in.PackFrom, Priority: in.Priority, DistMode: in.DistMode, Credential: credential(in.Credential),
		CooldownDays: in.CooldownDays, CooldownExceptions: list(in.CooldownExceptions),
	}
}

// check asks a source before it is stored.
func (r *queryResolver) check(ctx context.Context, in model.CreateRepositoryInput, id *string) (*repository.Health, error) {
	subject, err := may(ctx, auth.ManageRepositories, auth.Object{})
	if err != nil {
		return nil, err
	}
	if err := r.Sources.MayCheck(subject.ID(), r.Now()); err != nil {
		return nil, err
	}
	health, err := r.Sources.Check(ctx, text(id), described(in))
	if err != nil {
		return nil, err
	}
	return &health, nil
}

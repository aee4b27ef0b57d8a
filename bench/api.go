package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"
)

// api is the owner with a session.
type api struct {
	b      *broker
	client *http.Client
}

// signIn starts a session.
func signIn(ctx context.Context, b *broker) (*api, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	a := &api{b, &http.Client{Jar: jar, Timeout: time.Minute}}
	return a, a.ask(ctx, nil, `mutation ($in: SignInInput!) { signIn(input: $in) { user { id } } }`,
		object{"in": object{"email": ownerEmail, "password": b.password}})
}

// cookie is the session as it is sent.
func (a *api) cookie() (string, error) {
	u, err := url.Parse(a.b.url())
	if err != nil {
		return "", err
	}
	for _, c := range a.client.Jar.Cookies(u) {
		return c.Name + "=" + c.Value, nil
	}
	return "", errors.New("signing in set no cookie")
}

func (a *api) ask(ctx context.Context, out any, query string, variables object) error {
	body, err := json.Marshal(object{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.b.url()+"/graphql", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := a.client.Do(r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return fmt.Errorf("read an answer of the API, %s: %w", response.Status, err)
	}
	if len(answer.Errors) > 0 {
		return fmt.Errorf("the API refused: %s", answer.Errors[0].Message)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(answer.Data, out)
}

// createToken makes a token, and tells how long that took.
func (a *api) createToken(ctx context.Context, description string) (time.Duration, error) {
	begun := time.Now()
	err := a.ask(ctx, nil, `mutation ($in: CreateTokenInput!) { createToken(input: $in) { secret } }`, object{"in": object{"description": description}})
	return time.Since(begun), err
}

// addRepository adds a source, waits for its first sync and returns its id.
func (a *api) addRepository(ctx context.Context, name, address string) (string, syncRun, error) {
	var out struct{ CreateRepository struct{ ID string } }
	err := a.ask(ctx, &out, `mutation ($in: CreateRepositoryInput!) { createRepository(input: $in) { id } }`,
		object{"in": object{"name": name, "type": "COMPOSER", "url": address}})
	if err != nil {
		return "", syncRun{}, err
	}
	run, err := a.awaitSync(ctx, out.CreateRepository.ID)
	return out.CreateRepository.ID, run, err
}

// syncAgain syncs a repository once more, and waits.
func (a *api) syncAgain(ctx context.Context, id string) (syncRun, error) {
	if err := a.ask(ctx, nil, `mutation ($id: ID!) { syncRepository(id: $id) { id } }`, object{"id": id}); err != nil {
		return syncRun{}, err
	}
	return a.awaitSync(ctx, id)
}

// syncRun is one sync as the server tells of it.
type syncRun struct {
	Status                string
	StartedAt, FinishedAt time.Time
	PackagesDone          int
	Skipped               []struct{ Package, Reason string }
	Error                 string
}

// perSecond is how many packages were brought up to date in a second, by the server's clock.
func (r syncRun) perSecond() float64 {
	return float64(r.PackagesDone) / r.FinishedAt.Sub(r.StartedAt).Seconds()
}

// awaitSync waits for the end of a repository's newest run. One that skipped packages measured something else.
func (a *api) awaitSync(ctx context.Context, id string) (syncRun, error) {
	for {
		var out struct {
			Repository struct {
				Syncs struct{ Edges []struct{ Node syncRun } }
			}
		}
		err := a.ask(ctx, &out, `query ($id: ID!) { repository(id: $id) { syncs(first: 1) { edges { node {
			status startedAt finishedAt packagesDone skipped { package reason } error } } } } }`, object{"id": id})
		if err != nil {
			return syncRun{}, err
		}
		for _, edge := range out.Repository.Syncs.Edges {
			switch run := edge.Node; {
			case run.Status == "QUEUED" || run.Status == "RUNNING":
			case run.Status != "SUCCEEDED":
				return run, fmt.Errorf("a sync ended as %s: %s", run.Status, run.Error)
			case len(run.Skipped) > 0:
				return run, fmt.Errorf("a sync skipped %s: %s", run.Skipped[0].Package, run.Skipped[0].Reason)
			default:
				return run, nil
			}
		}
		select {
		case <-ctx.Done():
			return syncRun{}, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

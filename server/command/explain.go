package command

import (
	"context"
	"fmt"

	"broker/ent"
	"broker/server/auth"
	"broker/server/cached"
	"broker/server/fault"
	"broker/server/view"
)

// explanation is a decision as token explain --json tells it.
type explanation struct {
	Package string            `json:"package"`
	Version string            `json:"version"`
	Outcome view.Outcome      `json:"outcome"`
	Steps   []explanationStep `json:"steps"`
}

type explanationStep struct {
	Rule    string `json:"rule"`
	Allowed bool   `json:"allowed"`
	Text    string `json:"text"`
}

func explainToken(f *flags) work {
	asJSON := f.Bool("json", false, "")
	return func(ctx context.Context, t *tools) error {
		row, err := t.db.Client.Token.Get(ctx, f.words[0])
		if ent.IsNotFound(err) {
			return &fault.NotFound{What: "token", ID: f.words[0]}
		}
		if err != nil {
			return fmt.Errorf("read the token: %w", err)
		}
		known, err := auth.NewTokens(t.db, cached.NewMemory(t.db.Changes), t.rules, nil).Read(ctx, row)
		if err != nil {
			return err
		}
		found, err := t.view().Explain(ctx, known, view.Asked{Package: f.words[1], Version: f.words[2]}, t.now)
		if err != nil {
			return err
		}
		said := explanation{found.Package, found.Version, found.Outcome, []explanationStep{}}
		for _, step := range found.Steps {
			said.Steps = append(said.Steps, explanationStep{step.Rule, step.Allowed, step.Text})
		}
		if *asJSON {
			return printJSON(t.Out, said)
		}
		table := t.table(0)
		fmt.Fprintf(table, "%s %s\t%s\n", said.Package, said.Version, said.Outcome)
		for _, step := range said.Steps {
			mark := "yes"
			if !step.Allowed {
				mark = "NO"
			}
			fmt.Fprintf(table, "%s\t%s\t%s\n", step.Rule, mark, step.Text)
		}
		return table.Flush()
	}
}

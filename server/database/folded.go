package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"entgo.io/ent/dialect"

	"broker/ent"
	"broker/ent/hook"
	"broker/ent/schema"
	"broker/server/fold"
)

// foldTexts has every write of a text that lists search in or order by write its folded column as well.
func foldTexts(c *ent.Client) {
	c.Token.Use(func(next ent.Mutator) ent.Mutator {
		return hook.TokenFunc(func(ctx context.Context, m *ent.TokenMutation) (ent.Value, error) {
			if description, is := m.Description(); is {
				m.SetDescriptionFolded(fold.Text(description))
			}
			if err := foldToken(ctx, m); err != nil {
				return nil, err
			}
			return next.Mutate(ctx, m)
		})
	})
	c.Pkg.Use(func(next ent.Mutator) ent.Mutator {
		return hook.PkgFunc(func(ctx context.Context, m *ent.PkgMutation) (ent.Value, error) {
			if description, is := m.Description(); is {
				m.SetDescriptionFolded(fold.Text(description))
			}
			return next.Mutate(ctx, m)
		})
	})
	c.Repository.Use(func(next ent.Mutator) ent.Mutator {
		return hook.RepositoryFunc(func(ctx context.Context, m *ent.RepositoryMutation) (ent.Value, error) {
			if url, is := m.URL(); is {
				m.SetURLFolded(fold.Text(url))
			} else if m.URLCleared() {
				m.SetURLFolded("")
			}
			return next.Mutate(ctx, m)
		})
	})
	c.AuditEvent.Use(hook.On(func(next ent.Mutator) ent.Mutator {
		return hook.AuditEventFunc(func(ctx context.Context, m *ent.AuditEventMutation) (ent.Value, error) {
			actor, _ := m.Actor()
			action, _ := m.Action()
			target, _ := m.Target()
			details, _ := m.Details()
			m.SetSearchText(eventText(actor, action, target, details))
			return next.Mutate(ctx, m)
		})
	}, ent.OpCreate))
}

// foldToken folds what of a token is searched in beside its description: all of it, also what this write leaves as it is.
func foldToken(ctx context.Context, m *ent.TokenMutation) error {
	externalID, changesID := m.ExternalID()
	packages, changesPackages := m.Packages()
	labels, changesLabels := m.Labels()
	_, appendsPackages := m.AppendedPackages()
	_, appendsLabels := m.AppendedLabels()
	switch {
	case !changesID && !m.ExternalIDCleared() && !changesPackages && !changesLabels && !appendsPackages && !appendsLabels:
		return nil
	case appendsPackages, appendsLabels, m.Op().Is(ent.OpUpdate):
		return errors.New("the external id, packages and labels of tokens are set whole, of one token at a time")
	}
	if m.Op().Is(ent.OpUpdateOne) {
		var err error
		if !changesID && !m.ExternalIDCleared() {
			old, oldErr := m.OldExternalID(ctx)
			if err = errors.Join(err, oldErr); old != nil {
				externalID = *old
			}
		}
		if !changesPackages {
			old, oldErr := m.OldPackages(ctx)
			packages, err = old, errors.Join(err, oldErr)
		}
		if !changesLabels {
			old, oldErr := m.OldLabels(ctx)
			labels, err = old, errors.Join(err, oldErr)
		}
		if err != nil {
			return fmt.Errorf("read what is searched of a token: %w", err)
		}
	}
	m.SetSearchText(tokenText(externalID, packages, labels))
	return nil
}

// tokenText is what of a token is searched in beside its description.
func tokenText(externalID string, packages []string, labels []schema.Label) string {
	texts := append([]string{externalID}, packages...)
	for _, label := range labels {
		texts = append(texts, label.Name+"="+label.Value)
	}
	return fold.Lines(texts...)
}

// unescaped are the characters that the JSON of an event's details escapes without need.
var unescaped = strings.NewReplacer(`\u0026`, "&", `\u003c`, "<", `\u003e`, ">")

// eventText is what of an audit event is searched in.
func eventText(actor, action, target, details string) string {
	return fold.Lines(actor, action, target, unescaped.Replace(details))
}

// foldedTexts ends the names of the migrations, one for each kind of database, that made the folded columns.
const foldedTexts = "_folded_texts.sql"

// foldStored fills the folded columns of the rows there are.
func (db *DB) foldStored(ctx context.Context, tx *sql.Tx) error {
	for _, f := range []folding{
		{"tokens", "description_folded", "description, '', '', ''", func(t [4]string) (string, error) { return fold.Text(t[0]), nil }},
		{"tokens", "search_text", "COALESCE(external_id, ''), packages, labels, ''", func(t [4]string) (string, error) {
			var packages []string
			var labels []schema.Label
			err := errors.Join(json.Unmarshal([]byte(t[1]), &packages), json.Unmarshal([]byte(t[2]), &labels))
			return tokenText(t[0], packages, labels), err
		}},
		{"packages", "description_folded", "description, '', '', ''", func(t [4]string) (string, error) { return fold.Text(t[0]), nil }},
		{"repositories", "url_folded", "COALESCE(url, ''), '', '', ''", func(t [4]string) (string, error) { return fold.Text(t[0]), nil }},
		{"audit_events", "search_text", "actor, action, COALESCE(target, ''), details", func(t [4]string) (string, error) { return eventText(t[0], t[1], t[2], t[3]), nil }},
	} {
		if err := db.foldColumn(ctx, tx, f); err != nil {
			return fmt.Errorf("fold %s of %s: %w", f.column, f.table, err)
		}
	}
	return nil
}

// folding is a folded column, and the columns it is made of.
type folding struct {
	table, column, of string
	text              func([4]string) (string, error)
}

// foldAtOnce is how many rows are read, and written, at a time.
const foldAtOnce = 200

func (db *DB) foldColumn(ctx context.Context, tx *sql.Tx, f folding) error {
	for after := ""; ; {
		rows, err := tx.QueryContext(ctx, db.placed(fmt.Sprintf("SELECT id, %s FROM %s WHERE id > ? ORDER BY id LIMIT %d", f.of, f.table, foldAtOnce)), after)
		if err != nil {
			return err
		}
		args, n := []any{}, 0
		for ; rows.Next(); n++ {
			var of [4]string
			if err := rows.Scan(&after, &of[0], &of[1], &of[2], &of[3]); err != nil {
				return errors.Join(err, rows.Close())
			}
			text, err := f.text(of)
			if err != nil {
				return errors.Join(fmt.Errorf("%s: %w", after, err), rows.Close())
			}
			args = append(args, after, text)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		update := fmt.Sprintf("WITH folded (id, text) AS (VALUES %s) UPDATE %s SET %s = (SELECT text FROM folded WHERE folded.id = %[2]s.id) "+
			"WHERE id IN (SELECT id FROM folded)", strings.TrimSuffix(strings.Repeat("(?, ?), ", n), ", "), f.table, f.column)
		if _, err := tx.ExecContext(ctx, db.placed(update), args...); err != nil {
			return err
		}
	}
}

// placed writes a statement's placeholders as the database has them.
func (db *DB) placed(statement string) string {
	if db.dialect == dialect.SQLite {
		return statement
	}
	var b strings.Builder
	n := 0
	for _, r := range statement {
		if r == '?' {
			n++
			fmt.Fprintf(&b, "$%d", n)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

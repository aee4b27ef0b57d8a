package command_test

import (
	"log/slog"
	"strings"
	"testing"

	"broker/server/database"
)

// Texts of others move no cursor where the command line prints them, however they came into the database.
func TestTablesMoveNoCursor(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	p.must("token", "create", "--description", "CI")
	db, err := database.Open(t.Context(), p.url, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const hostile = "CI \x1b[2J\u009b6n\u202e größe\xff"
	row := db.Client.Token.Update().SetDescription(hostile).SetLastUsedClient(hostile)
	if err := row.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	id := db.Client.Token.Query().OnlyIDX(t.Context())
	for _, args := range [][]string{{"token", "list"}, {"token", "show", id}} {
		if out := p.must(args...); !strings.Contains(out, "CI [2J6n größe") || strings.ContainsAny(out, "\x1b\u009b\u202e") {
			t.Errorf("%v prints %q", args, out)
		}
	}
	_, complaint, code := p.run("token", "revoke", hostile)
	if code == 0 || strings.ContainsAny(complaint, "\x1b\u009b\u202e") {
		t.Errorf("%d %q", code, complaint)
	}
}

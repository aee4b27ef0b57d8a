package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode"

	"broker/server/fixture"
)

// hostile is what an upstream may write to take a terminal over: it clears the screen, colours, opens a link, types an
// answer, turns the line around, hides, and has a tag of Composer's own.
const hostile = "\x1b[2J\x1b]0;owned\x07\x1b[31m<error>\u009b6n\r\u202egpj\u200b\u2066</error><href=http://evil.example>x</>"

// escapes are the characters of a text that no terminal should get.
func escapes(text string) string {
	var found strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) && r != '\n' && r != '\t' && r != '\r' && r != '\b' || unicode.In(r, unicode.Bidi_Control) {
			found.WriteRune(r)
		}
	}
	return found.String()
}

// hostileDocument is a package's document with the text wherever a text may stand.
func hostileDocument(t *testing.T, u *fixture.Upstream, name string) []byte {
	t.Helper()
	version := func(number string, more object) object {
		v := object{
			"name": name, "version": number, "type": "library", "description": "Sends " + hostile, "time": "2024-01-01T00:00:00+00:00",
			"keywords": []string{hostile}, "license": []string{"MIT " + hostile}, "homepage": "https://example.org/" + hostile,
			"authors": []object{{"name": hostile, "email": hostile}}, "support": object{"issues": "https://example.org/" + hostile},
			"suggest": object{"acme/contracts": "because " + hostile}, "abandoned": "acme/mail " + hostile,
			"funding": []object{{"type": hostile, "url": "https://example.org/" + hostile}},
			"dist":    object{"type": "zip", "url": u.URL() + u.ArchivePath("acme/lib", "1.0.0"), "reference": strings.Repeat("a", 40), "shasum": ""},
		}
		for key, value := range more {
			v[key] = value
		}
		return v
	}
	wrong := object{"type": "zip", "url": u.URL() + u.ArchivePath("acme/lib", "1.0.0"), "reference": strings.Repeat("b", 40), "shasum": "\x1b[2J<error>\u009b6n\u202ex"}
	body, err := json.Marshal(object{"packages": object{name: []object{
		version("1.0.0", nil),
		version("1.1.0", object{"dist": wrong}),
		version("1.2.0"+hostile, nil),
		version("dev-\u009b6n\u202egpj", nil),
		version("1.3.0", object{"name": "acme/" + hostile}),
		version("1.4.0", object{"require": object{"acme/" + hostile: "*"}}),
		version("1.5.0", object{"require": object{"acme/contracts": hostile}}),
		version("1.6.0", object{"bin": []string{"../" + hostile}}),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestHostileTextsReachNoTerminal guarantees that what an upstream writes moves no cursor and colours nothing: not where
// Composer prints it, not in the log, not where the command line lists what was left out.
func TestHostileTextsReachNoTerminal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "", fixture.Listed)
	w.upstream.Break("/p2/acme/mail.json", fixture.Body("application/json", hostileDocument(t, w.upstream, "acme/mail")))
	done := w.api.sync(w.repository)
	if done.Status != "SUCCEEDED" || len(done.Skipped) == 0 {
		t.Fatalf("the sync: %+v", done)
	}
	for _, skip := range done.Skipped {
		if bad := escapes(skip.Package + skip.Version + skip.Reason); bad != "" {
			t.Errorf("%q is told of %+q", bad, skip)
		}
	}
	p := w.project(t, w.secret)
	said := p.Composer("require", "acme/mail:1.0.0").Text
	said += p.Composer("show", "--all", "acme/mail").Text + p.Composer("licenses").Text + p.Composer("suggests", "--all").Text +
		p.Composer("search", "sends").Text + p.Composer("funding").Text + p.Composer("outdated").Text
	said += p.Composer("require", "acme/mail:1.1.0", "-vvv").Text // whose checksum is the text
	if bad := escapes(said); bad != "" {
		t.Errorf("%q reaches the terminal:\n%q", bad, said)
	}
	contains(t, said, "acme/mail")
	// What is no checksum is left out: the archive is had without one.
	if response, _ := w.get("/dist/acme/mail/1.1.0.0/"+strings.Repeat("b", 40)+".zip", w.secret); response.StatusCode != http.StatusOK {
		t.Error(response.Status)
	}
	if bad := escapes(w.run("usage") + w.run("downloads", "--package", "acme/mail") + w.run("repository", "list")); bad != "" {
		t.Errorf("%q is printed by the command line", bad)
	}
	if bad := escapes(w.log.String()); bad != "" {
		t.Errorf("%q reaches the log:\n%s", bad, w.log)
	}
}

//go:build mailpit

package notice_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"broker/ent/user"
	"broker/server/database/databasetest"
	"broker/server/mail"
	"broker/server/servicetest"
	"broker/server/tokens"
)

// A real mail server takes notices and invitations, encrypted and after a sign-in, and shows them as they were meant; with
// the headers to unsubscribe.
func TestMailpitTakesMail(t *testing.T) {
	t.Parallel()
	pit := servicetest.NewMailpit(t, "broker", "secret-of-it")
	w := newWorld(t, databasetest.New(t))
	sender, err := mail.New("smtp://broker:secret-of-it@"+pit.SMTP+"?starttls=required", "Broker <broker@example.org>")
	w.must(err)
	sender.Trust(pit.Roots)
	w.notices.Mail = sender
	w.person("owner@example.org", user.RoleOWNER)
	_, secret, err := w.tokens.Create(t.Context(), nil, tokens.NewToken{Description: "CI <b>Größe</b>"})
	w.must(err)
	_, err = w.tokens.ReportLeak(t.Context(), secret.Hash(), "https://x.example/?a=1&b=2")
	w.must(err)
	w.must(w.notices.Gather(t.Context()))
	w.must(w.notices.SendMails(t.Context()))
	row, code, err := w.accounts.Invite(t.Context(), "anna@example.org", user.RoleVIEWER)
	w.must(err)
	w.must(w.notices.MailInvitation(t.Context(), row, "https://broker.example/invite#"+code, "Owner"))
	get := func(path string, into any) {
		t.Helper()
		response, err := http.Get("http://" + pit.HTTP + path)
		w.must(err)
		defer response.Body.Close()
		w.must(json.NewDecoder(response.Body).Decode(into))
	}
	var list struct {
		Messages []struct {
			ID, Subject string
			To          []struct{ Address string }
		}
	}
	for deadline := time.Now().Add(time.Minute); len(list.Messages) < 2; time.Sleep(20 * time.Millisecond) {
		if get("/api/v1/messages", &list); time.Now().After(deadline) {
			t.Fatalf("%d mails are there", len(list.Messages))
		}
	}
	for _, m := range list.Messages {
		var read struct{ Text, HTML string }
		headers := map[string][]string{}
		get("/api/v1/message/"+m.ID, &read)
		get("/api/v1/message/"+m.ID+"/headers", &headers)
		switch m.To[0].Address {
		case "owner@example.org":
			if !strings.Contains(read.Text, `"CI <b>Größe</b>"`) || !strings.Contains(read.HTML, "&lt;b&gt;Größe") || !strings.Contains(m.Subject, "Größe") ||
				!strings.HasPrefix(fmt.Sprint(headers["List-Unsubscribe"]), "[<https://broker.example/unsubscribe/") || fmt.Sprint(headers["List-Unsubscribe-Post"]) != "[List-Unsubscribe=One-Click]" {
				t.Errorf("the notice: %s %+v %v", m.Subject, read, headers)
			}
		case "anna@example.org":
			if !strings.Contains(read.Text, "https://broker.example/invite#"+code) || !strings.Contains(read.HTML, "#"+code) {
				t.Errorf("the invitation: %+v", read)
			}
		default:
			t.Errorf("mail to %s", m.To[0].Address)
		}
	}
}

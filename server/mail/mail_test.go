package mail_test

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"broker/server/mail"
)

func sender(t *testing.T, address string) *mail.Sender {
	t.Helper()
	s, err := mail.New(address, "Broker <broker@example.org>")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

var message = mail.Message{
	To: "anna@example.org", Subject: "A token expires: Größe", Text: "Open https://broker.example/\n", HTML: "<p>Öffnen</p>", ID: "nmail_1",
	Unsubscribe: "https://broker.example/unsubscribe/abc",
}

// A mail arrives with both its forms, its headers, and the address to unsubscribe as mail programs want it (RFC 8058).
func TestMailArrives(t *testing.T) {
	t.Parallel()
	s := &server{t: t}
	s.start(false)
	if err := sender(t, "smtp://"+s.address).Send(t.Context(), message); err != nil {
		t.Fatal(err)
	}
	got := s.took()
	if len(got) != 1 || !strings.Contains(got[0].from, "<broker@example.org>") || !strings.Contains(got[0].to, "<anna@example.org>") {
		t.Fatalf("%+v", got)
	}
	read, err := netmail.ReadMessage(strings.NewReader(got[0].data))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
	if err != nil || subject != message.Subject {
		t.Errorf("the subject is %q, %v", subject, err)
	}
	for name, want := range map[string]string{
		"List-Unsubscribe": "<https://broker.example/unsubscribe/abc>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Auto-Submitted": "auto-generated",
		"Message-Id": "<nmail_1@example.org>", "From": `"Broker" <broker@example.org>`, "To": "<anna@example.org>", "User-Agent": "", "X-Mailer": "",
	} {
		if is := read.Header.Get(name); is != want {
			t.Errorf("%s is %q, want %q", name, is, want)
		}
	}
	_, params, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(read.Body, params["boundary"])
	for _, want := range []string{message.Text, message.HTML} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil || strings.TrimSpace(strings.ReplaceAll(string(body), "\r\n", "\n")) != strings.TrimSpace(want) {
			t.Errorf("a part is %q, %v", body, err)
		}
	}
}

// Nothing in a mail becomes a header or a command of its own.
func TestMailHoldsNoOtherMail(t *testing.T) {
	t.Parallel()
	s := &server{t: t}
	s.start(false)
	send := sender(t, "smtp://"+s.address)
	evil := message
	evil.Subject = "x\r\nBcc: victim@example.org\r\n\r\nbody" + strings.Repeat("y", 5000)
	evil.ID = "id>\r\nX-Evil: 1"
	evil.Text = "first\r\n.\r\nMAIL FROM:<evil@example.org>\r\n.\n.\r\nlast"
	if err := send.Send(t.Context(), evil); err != nil {
		t.Fatal(err)
	}
	got := s.took()
	if len(got) != 1 || strings.Contains(got[0].to, "victim") {
		t.Fatalf("%d mails: %+v", len(got), got)
	}
	read, err := netmail.ReadMessage(strings.NewReader(got[0].data))
	if err != nil || read.Header.Get("Bcc") != "" || read.Header.Get("X-Evil") != "" {
		t.Errorf("headers: %v, %v", read.Header, err)
	}
	if !strings.Contains(got[0].data, "last") {
		t.Error("its end is missing")
	}
	for _, to := range []string{"a@example.org\r\nRCPT TO:<x@example.org>", "a@example.org>", "Anna <a@example.org>", "a@example.org, b@example.org", "", "nobody"} {
		evil := message
		if evil.To = to; send.Send(t.Context(), evil) == nil {
			t.Errorf("mail to %q is sent", to)
		}
	}
	evil = message
	if evil.Unsubscribe = "https://x.example/>\r\nX-Evil: 1"; send.Send(t.Context(), evil) == nil {
		t.Error("an address to unsubscribe with a header in it is sent")
	}
	if got := s.took(); len(got) != 0 {
		t.Errorf("%d are sent", len(got))
	}
}

// The connection is encrypted, and by a server that is who it says, unless it is to this very machine or the operator says
// otherwise: else nothing is sent, no password either.
func TestMailIsEncrypted(t *testing.T) {
	t.Parallel()
	plain, secure, implicit := &server{t: t}, &server{t: t}, &server{t: t}
	authority, other := secure.certified(), implicit.certified()
	plain.start(false)
	secure.start(false)
	implicit.start(true)
	const user = "user:geheim@"
	for address, fails := range map[string]bool{
		"smtp://" + user + plain.address + "?starttls=required": true,
		"smtp://" + user + plain.address:                        false,
		"smtp://" + user + plain.address + "?starttls=off":      false,
	} {
		if err := sender(t, address).Send(t.Context(), message); (err != nil) != fails || err != nil && strings.Contains(err.Error(), "geheim") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if len(plain.auth) != 2 || len(plain.took()) != 2 {
		t.Errorf("without encryption: %v", plain.auth)
	}
	s := sender(t, "smtp://"+user+secure.address+"?starttls=required")
	if err := s.Send(t.Context(), message); err == nil {
		t.Error("a server that nobody vouches for gets mail")
	}
	if len(secure.auth) != 0 {
		t.Errorf("and a password: %v", secure.auth)
	}
	s.Trust(authority.Roots())
	if err := s.Send(t.Context(), message); err != nil || len(secure.auth) != 1 || secure.auth[0] != ":user:geheim encrypted=true" {
		t.Errorf("%v, %v", err, secure.auth)
	}
	s = sender(t, "smtps://"+user+implicit.address)
	s.Trust(other.Roots())
	if err := s.Send(t.Context(), message); err != nil || len(implicit.took()) != 1 {
		t.Errorf("from the first byte on: %v", err)
	}
}

// A server that refuses, says nothing or is not there is an error that names it, in time.
func TestServersThatTakeNoMail(t *testing.T) {
	t.Parallel()
	for _, command := range []string{"MAIL", "RCPT", "DATA"} {
		s := &server{t: t, refuses: command}
		s.start(false)
		if err := sender(t, "smtp://"+s.address).Send(t.Context(), message); err == nil || !strings.Contains(err.Error(), s.address) {
			t.Errorf("%s refused: %v", command, err)
		}
	}
	silent := &server{t: t, silent: true}
	silent.start(false)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if err := sender(t, "smtp://"+silent.address).Send(ctx, message); err == nil || time.Since(begun) > 20*time.Second {
		t.Errorf("a silent one: %v after %s", err, time.Since(begun))
	}
	if err := sender(t, "smtp://127.0.0.1:1").Send(t.Context(), message); err == nil {
		t.Error("one that is not there")
	}
}

// What makes no sense as an address is told without its password.
func TestAddressesOfServers(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "mail.example.org", "http://mail.example.org", "smtp://", "smtp://u:geheim@h:0", "smtp://u:geheim@h:70000", "smtp://u@h", "smtp://u:geheim@h/path",
		"smtp://u:geheim@h?tls=off", "smtp://u:geheim@h?starttls=maybe", "smtp://u:geheim@h#x", "smtp://u:ge%zzheim@h"} {
		if _, err := mail.New(address, "broker@example.org"); err == nil || strings.Contains(err.Error(), "geheim") || strings.Contains(err.Error(), "zzheim") {
			t.Errorf("%s: %v", address, err)
		}
	}
	for _, from := range []string{"", "broker", "a@example.org, b@example.org", "a@example.org\r\nBcc: x@example.org"} {
		if _, err := mail.New("smtp://mail.example.org", from); err == nil {
			t.Errorf("from %q", from)
		}
	}
	for _, address := range []string{"smtp://mail.example.org", "smtp://u:p%40ss@mail.example.org:25", "smtps://[2001:db8::1]", "smtp://localhost:1025/"} {
		if _, err := mail.New(address, "broker@example.org"); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A mail that the server has taken was sent, whatever comes then: one that is slow to say so, as it looks for spam, or that
// hangs up without a word would else get it again and again.
func TestMailThatWasTakenIsSent(t *testing.T) {
	t.Parallel()
	for what, s := range map[string]*server{"hangs up": {t: t, hangsUp: true}, "is slow": {t: t, takes: 11 * time.Second}} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s.start(false)
			if err := sender(t, "smtp://"+s.address).Send(t.Context(), message); err != nil {
				t.Error(err)
			}
			if got := s.took(); len(got) != 1 {
				t.Errorf("%d mails", len(got))
			}
		})
	}
}

// Whoever stops does not wait for a server that does not say whether it took a mail.
func TestSendingEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := &server{t: t, takes: 15 * time.Second}
	s.start(false)
	ctx, cancel := context.WithCancel(t.Context())
	defer time.AfterFunc(300*time.Millisecond, cancel).Stop()
	begun := time.Now()
	if err := sender(t, "smtp://"+s.address).Send(ctx, message); !errors.Is(err, context.Canceled) || time.Since(begun) > 8*time.Second {
		t.Errorf("%v after %s", err, time.Since(begun))
	}
}

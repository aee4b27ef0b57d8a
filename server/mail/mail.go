// Package mail sends mail by the operator's SMTP server.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	smtp "github.com/wneessen/go-mail"

	"broker/server/text"
)

// The bounds of a conversation with the server: until it listens, and all of it. A server that looks for spam before it
// says that it took a mail needs its time, and whoever leaves earlier sends that mail again and again.
const (
	greetFor = 10 * time.Second
	sendFor  = time.Minute
)

// subjectMax is how long a subject may be, in bytes.
const subjectMax = 200

// Sender sends mail. Safe for concurrent use.
type Sender struct {
	host     string
	port     int
	tls      bool           // from the first byte
	starttls smtp.TLSPolicy // where it is not
	username string
	password string
	from     *mail.Address
	roots    *x509.CertPool // nil: the system's
}

// Message is a mail. Nothing of it can become a header of its own.
type Message struct {
	To      string // an address
	Subject string
	Text    string
	HTML    string // the same; what is of others is escaped already
	// ID tells two attempts at one mail apart from two mails; empty: one is made.
	ID string
	// Unsubscribe is an https or http address that unsubscribes when it is posted to (RFC 8058); empty: there is none.
	Unsubscribe string
}

// New reads the server's address, smtp://user:password@host:587 or smtps://…, and the address that mail is from. An error
// names neither: there may be a password.
func New(server, from string) (*Sender, error) {
	u, err := url.Parse(server)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return nil, errors.New("it is not an address such as smtp://user:password@mail.example.org:587")
	}
	s := &Sender{host: u.Hostname(), starttls: smtp.TLSMandatory, username: u.User.Username()}
	s.password, _ = u.User.Password()
	switch u.Scheme {
	case "smtp":
		s.port = 587
	case "smtps":
		s.tls, s.port = true, 465
	default:
		return nil, errors.New("it starts with neither smtp:// nor smtps://")
	}
	if text := u.Port(); text != "" {
		if s.port, err = strconv.Atoi(text); err != nil || s.port < 1 || s.port > 65535 {
			return nil, errors.New("its port is not 1 to 65535")
		}
	}
	if (s.username == "") != (s.password == "") {
		return nil, errors.New("it has a user name without a password, or a password without a user name")
	}
	query := u.Query()
	switch plain := query.Get("starttls"); {
	case plain == "" && isLoopback(s.host), plain == "off":
		s.starttls = smtp.NoTLS
	case plain != "" && plain != "required":
		return nil, errors.New("starttls is required or off")
	}
	if query.Del("starttls"); len(query) > 0 {
		return nil, errors.New("after its ? there is only starttls=off")
	}
	if s.from, err = mail.ParseAddress(from); err != nil || strings.ContainsAny(from, "\r\n") {
		return nil, fmt.Errorf("mail is from no address: set BROKER_SMTP_FROM to one, such as broker@example.org")
	}
	return s, nil
}

// Trust has the server's certificate lead to one of these.
func (s *Sender) Trust(roots *x509.CertPool) { s.roots = roots }

// isLoopback tells whether a host is this machine: what is sent there passes no network.
func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.Unmap().IsLoopback()
}

// Send hands a mail over to the server, or says why it did not take it.
func (s *Sender) Send(ctx context.Context, m Message) error {
	built, err := s.build(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, sendFor)
	defer cancel()
	sent := make(chan error, 1)
	go func() { sent <- s.converse(ctx, built) }() // which ends by itself, a little later than it may
	select {
	case err = <-sent:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return fmt.Errorf("send mail by %s: %w", net.JoinHostPort(s.host, strconv.Itoa(s.port)), err)
	}
	return nil
}

// converse hands a mail over. What the server has taken is taken, also where it hangs up without a word then: an error
// would have it sent again.
func (s *Sender) converse(ctx context.Context, built *smtp.Msg) error {
	greets, err := s.client(greetFor)
	if err != nil {
		return err
	}
	ends, _ := ctx.Deadline()
	sends, err := s.client(time.Until(ends))
	if err != nil {
		return err
	}
	server, err := greets.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return err
	}
	defer server.Close()
	if err := sends.SendWithSMTPClient(server, built); err != nil {
		return err
	}
	if err := server.UpdateDeadline(greetFor); err == nil {
		server.Quit()
	}
	return nil
}

// client speaks to the server, and waits so long for it.
func (s *Sender) client(patience time.Duration) (*smtp.Client, error) {
	options := []smtp.Option{
		smtp.WithPort(s.port), smtp.WithTimeout(patience), smtp.WithTLSPolicy(s.starttls),
		smtp.WithTLSConfig(&tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}),
	}
	if s.tls {
		options = append(options, smtp.WithSSL())
	}
	if s.username != "" {
		how := smtp.SMTPAuthAutoDiscover
		if !s.tls && s.starttls == smtp.NoTLS { // as the operator said
			how = smtp.SMTPAuthPlainNoEnc
		}
		options = append(options, smtp.WithSMTPAuth(how), smtp.WithUsername(s.username), smtp.WithPassword(s.password))
	}
	client, err := smtp.NewClient(s.host, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare to send mail: %w", err)
	}
	return client, nil
}

func (s *Sender) build(m Message) (*smtp.Msg, error) {
	to, err := mail.ParseAddress(m.To)
	if err != nil || to.Address != m.To || strings.ContainsAny(m.To, "\r\n") {
		return nil, fmt.Errorf("%.100q is no address that mail can be sent to", m.To)
	}
	built := smtp.NewMsg(smtp.WithNoDefaultUserAgent())
	built.SetDate()
	built.Subject(text.Line(m.Subject, subjectMax))
	if err := errors.Join(built.FromFormat(text.Line(s.from.Name, subjectMax), s.from.Address), built.To(to.Address)); err != nil {
		return nil, fmt.Errorf("address a mail: %w", err)
	}
	if m.ID != "" {
		_, domain, _ := strings.Cut(s.from.Address, "@")
		built.SetMessageIDWithValue(text.Line(m.ID, 100) + "@" + domain)
	} else {
		built.SetMessageID()
	}
	built.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody's absence note answers it
	if m.Unsubscribe != "" {
		u, err := url.Parse(m.Unsubscribe)
		if err != nil || u.Host == "" {
			return nil, errors.New("the address to unsubscribe is none")
		}
		built.SetGenHeaderPreformatted(smtp.HeaderListUnsubscribe, "<"+u.String()+">")
		built.SetGenHeader(smtp.HeaderListUnsubscribePost, "List-Unsubscribe=One-Click")
	}
	built.SetBodyString(smtp.TypeTextPlain, m.Text)
	if m.HTML != "" {
		built.AddAlternativeString(smtp.TypeTextHTML, m.HTML)
	}
	return built, nil
}

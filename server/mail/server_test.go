package mail_test

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"broker/server/servicetest"
)

// server is an SMTP server of a test, which says how it behaves.
type server struct {
	t       *testing.T
	address string
	secure  *tls.Config   // nil: it offers no STARTTLS
	refuses string        // a command that it refuses for good, such as RCPT
	silent  bool          // it accepts connections and says nothing
	hangsUp bool          // once it took a mail, without an answer to QUIT
	takes   time.Duration // to say that it took a mail

	mu   sync.Mutex
	got  []envelope
	auth []string // user names and passwords that came, and whether they were encrypted
}

// envelope is a mail as it came.
type envelope struct{ from, to, data string }

// start begins to listen; from the first byte on with TLS where implicit.
func (s *server) start(implicit bool) {
	s.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.address = listener.Addr().String()
	if implicit {
		listener = tls.NewListener(listener, s.secure)
	}
	s.t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn, implicit)
		}
	}()
}

// certified makes a certificate of localhost and 127.0.0.1, and returns who vouches for it.
func (s *server) certified() *servicetest.Authority {
	s.t.Helper()
	authority, dir := servicetest.NewAuthority(s.t), s.t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	authority.Sign(cert, key, "127.0.0.1", "localhost")
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		s.t.Fatal(err)
	}
	s.secure = &tls.Config{Certificates: []tls.Certificate{pair}}
	return authority
}

func (s *server) serve(conn net.Conn, encrypted bool) {
	defer func() { conn.Close() }()
	if s.silent {
		buffer := make([]byte, 1)
		conn.Read(buffer)
		return
	}
	lines := bufio.NewReader(conn)
	say := func(format string, args ...any) { fmt.Fprintf(conn, format+"\r\n", args...) }
	say("220 test")
	var mail envelope
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		verb, rest, _ := strings.Cut(line, " ")
		switch verb = strings.ToUpper(verb); {
		case verb == s.refuses:
			say("550 not here")
		case verb == "EHLO":
			say("250-test")
			if s.secure != nil && !encrypted {
				say("250-STARTTLS")
			}
			say("250 AUTH PLAIN")
		case verb == "STARTTLS":
			say("220 go on")
			secured := tls.Server(conn, s.secure)
			if secured.Handshake() != nil {
				return
			}
			conn, lines, encrypted = secured, bufio.NewReader(secured), true
		case verb == "AUTH":
			_, encoded, _ := strings.Cut(rest, " ")
			plain, _ := base64.StdEncoding.DecodeString(encoded)
			s.mu.Lock()
			s.auth = append(s.auth, fmt.Sprintf("%s encrypted=%v", strings.ReplaceAll(string(plain), "\x00", ":"), encrypted))
			s.mu.Unlock()
			say("235 welcome")
		case verb == "MAIL":
			mail.from = rest
			say("250 ok")
		case verb == "RCPT":
			mail.to += rest
			say("250 ok")
		case verb == "DATA":
			say("354 go on")
			var data strings.Builder
			for {
				line, err := lines.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				data.WriteString(line)
			}
			mail.data = data.String()
			s.mu.Lock()
			s.got, mail = append(s.got, mail), envelope{}
			s.mu.Unlock()
			time.Sleep(s.takes)
			say("250 taken")
		case verb == "QUIT" && s.hangsUp:
			return
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// took is what came since it was last asked.
func (s *server) took() []envelope {
	s.mu.Lock()
	defer s.mu.Unlock()
	got := s.got
	s.got = nil
	return got
}

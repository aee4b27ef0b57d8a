package notice_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"broker/ent/noticedelivery"
	"broker/server/database/databasetest"
	"broker/server/notice"
	"broker/server/servicetest"
)

// The receiver of docs/notices.md, run by real PHP, takes what is signed for it, and nothing else.
func TestReceiverOfTheDocumentation(t *testing.T) {
	t.Parallel()
	php := servicetest.Require(t, "php", "php-cli")
	document, err := os.ReadFile("../../docs/notices.md")
	if err != nil {
		t.Fatal(err)
	}
	_, code, found := strings.Cut(string(document), "```php\n")
	code, _, closed := strings.Cut(code, "```")
	if !found || !closed || strings.Count(code, "\n") != 15 {
		t.Fatalf("the document has a receiver of %d lines", strings.Count(code, "\n"))
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "hook.php"), []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, databasetest.New(t))
	address := servicetest.FreeAddress(t)
	row, secret, err := w.notices.CreateEndpoint(t.Context(), notice.NewEndpoint{URL: "http://" + address + "/hook.php"})
	w.must(err)
	command := exec.Command(php, "-S", address, "-t", dir)
	command.Env = append(os.Environ(), "WEBHOOK_SECRET="+secret)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	w.must(command.Start())
	t.Cleanup(func() { command.Process.Kill(); command.Wait() })
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("php does not answer")
		}
	}
	w.happens()
	w.deliver()
	if d := w.one(); d.Status != noticedelivery.StatusDELIVERED || *d.AnswerStatus != 204 {
		t.Errorf("what is signed: %+v", d)
	}
	_, _, err = w.notices.RotateSecret(t.Context(), row.ID)
	w.must(err)
	again := func() int {
		w.must(func() error { _, err := w.notices.Resend(t.Context(), w.one().ID); return err }())
		w.deliver()
		d := w.one()
		if d.AnswerStatus == nil {
			t.Fatalf("no answer: %s", *d.Error)
		}
		return *d.AnswerStatus
	}
	if status := again(); status != 204 {
		t.Errorf("signed with both secrets: %d", status)
	}
	w.clock.pass(-10 * time.Minute)
	if status := again(); status != 401 {
		t.Errorf("of ten minutes ago: %d", status)
	}
	w.clock.pass(10 * time.Minute)
	w.must(w.db.Client.NoticeEndpoint.UpdateOneID(row.ID).ClearPreviousSecret().Exec(t.Context()))
	if status := again(); status != 401 {
		t.Errorf("signed with another secret: %d", status)
	}
}

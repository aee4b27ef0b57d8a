package notice

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"time"

	"broker/ent"
	"broker/server/mail"
)

//go:embed invitation.html
var invitationHTML string

var invitationPage = template.Must(template.New("invitation").Parse(invitationHTML))

// invitationFor is how long whoever invites somebody waits for the mail to be taken.
const invitationFor = 15 * time.Second

// MailInvitation sends somebody the link that invites them, now: it is stored nowhere.
func (s *Service) MailInvitation(ctx context.Context, row *ent.User, link, by string) error {
	if s.Mail == nil {
		return errors.New("this server sends no mail: set BROKER_SMTP_URL")
	}
	if row.InvitationEndsAt == nil {
		return errors.New("they are not invited")
	}
	said := map[string]string{"By": by, "Host": hostOf(s.PublicURL), "Link": link, "Ends": date(*row.InvitationEndsAt)}
	var page bytes.Buffer
	if err := invitationPage.Execute(&page, said); err != nil {
		return fmt.Errorf("write an invitation: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, invitationFor)
	defer cancel()
	return s.Mail.Send(ctx, mail.Message{
		To: row.Email, Subject: "You are invited to " + said["Host"], HTML: page.String(),
		Text: fmt.Sprintf("%s invites you to the package broker at %s.\n\nOpen this link and choose a password. It works once, until %s:\n\n%s\n\nWhoever has the link becomes you there: forward it to nobody. If you know nothing of this, do nothing.\n",
			said["By"], said["Host"], said["Ends"], link),
	})
}

// Body is what is sent of a notice; empty where it is kept no more.
func (s *Service) Body(ctx context.Context, id string) (string, error) {
	row, err := s.DB.Client.Notice.Get(ctx, id)
	if ent.IsNotFound(err) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the notice %s: %w", id, err)
	}
	return row.Body, nil
}

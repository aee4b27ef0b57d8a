package graph

import (
	"context"

	"broker/ent"
	"broker/graph/model"
	"broker/server/account"
	"broker/server/audit"
	"broker/server/auth"
	"broker/server/notice"
)

// noticeKinds are the kinds of notices, with whether a person is sent mail of them.
func (r *Resolver) noticeKinds(ctx context.Context, subject *auth.Subject) ([]*model.NoticeKind, error) {
	var choices map[string]bool
	if subject.User != nil {
		var err error
		if choices, err = r.Notices.Choices(ctx, subject.User.ID); err != nil {
			return nil, err
		}
	}
	all := make([]*model.NoticeKind, len(notice.Kinds))
	for i, kind := range notice.Kinds {
		all[i] = &model.NoticeKind{Name: kind.Name, Description: kind.Description}
		if subject.User != nil {
			mailed := choices[kind.Name]
			all[i].Mailed = &mailed
		}
	}
	return all, nil
}

// invited is somebody with the link that invites them, which is sent to them where this server sends mail. Whether that
// goes well or not, they are invited.
func (r *Resolver) invited(ctx context.Context, row *ent.User, code string) *model.InviteUserPayload {
	p := &model.InviteUserPayload{User: row, Link: account.InvitationLink(r.PublicURL, code), Mail: model.InvitationMailNotSetUp}
	if r.Notices.Mail == nil {
		return p
	}
	p.Mail = model.InvitationMailSent
	if err := r.Notices.MailInvitation(ctx, row, p.Link, audit.ActorOf(ctx).Name); err != nil {
		r.Log.Warn("an invitation could not be sent by mail", "error", err)
		p.Mail = model.InvitationMailFailed
	}
	return p
}

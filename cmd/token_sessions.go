package cmd

import (
	"bytes"
	"context"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// sessionPages returns a function that reads the next page of all users' sessions, by id.
func sessionPages(ctx context.Context, svc *authn.Service, after uuid.UUID) func() ([]store.Session, bool, error) {
	page := store.SessionPage{After: after, Limit: pageSize}
	return func() ([]store.Session, bool, error) {
		sessions, next, err := svc.Sessions(ctx, page)
		page.After = next
		return sessions, next == uuid.Nil, err
	}
}

// newestPages returns a function that reads the next page of the users' sessions, the newest
// first. It omits sessions whose id does not sort after the id after.
func newestPages(ctx context.Context, svc *authn.Service, users []store.User, after uuid.UUID) func() ([]store.Session, bool, error) {
	var streams []*userSessions
	for _, u := range users {
		streams = append(streams, &userSessions{page: store.UserSessionPage{UserID: u.ID, Limit: pageSize}})
	}
	return func() (sessions []store.Session, last bool, err error) {
		for len(sessions) < pageSize {
			var newest *userSessions
			for _, s := range streams {
				if err := s.fill(ctx, svc); err != nil {
					return nil, false, err
				}
				if len(s.read) > 0 && (newest == nil || s.read[0].CreatedAt.After(newest.read[0].CreatedAt)) {
					newest = s
				}
			}
			if newest == nil {
				return sessions, true, nil
			}
			if s := newest.read[0]; bytes.Compare(s.ID[:], after[:]) > 0 {
				sessions = append(sessions, s)
			}
			newest.read = newest.read[1:]
		}
		return sessions, false, nil
	}
}

// userSessions is one user's sessions, of which a page was read.
type userSessions struct {
	page store.UserSessionPage
	read []store.Session
	all  bool // nothing is left to read
}

// fill reads the next page when the current one is used up.
func (u *userSessions) fill(ctx context.Context, svc *authn.Service) (err error) {
	if len(u.read) > 0 || u.all {
		return nil
	}
	if u.read, err = svc.UserSessions(ctx, u.page); err != nil {
		return err
	}
	u.all = len(u.read) < pageSize
	if len(u.read) > 0 {
		oldest := u.read[len(u.read)-1]
		u.page.Before = store.Age{CreatedAt: oldest.CreatedAt, ID: oldest.ID}
	}
	return nil
}

func sessionHeader() []string {
	return []string{"SESSION", "USERNAME", "CREATED AT", "LAST USED AT", "ADDRESS", "USER AGENT"}
}

func sessionCells(s store.Session) []string {
	return []string{s.ID.String(), markedName(s.Username), when(s.CreatedAt), when(s.LastUsedAt), orDash(s.RemoteAddr), orDash(s.UserAgent)}
}

func sessionTable(sessions []store.Session) table {
	t := table{header: sessionHeader()}
	for _, s := range sessions {
		t.rows = append(t.rows, sessionCells(s))
	}
	return t
}

// showNewest shows the newest sessions of a dry run, for a person to recognise them.
func (a *app) showNewest(n sessionCount) {
	if len(n.Newest) == 0 {
		return
	}
	a.say("the newest of them:")
	_ = sessionTable(n.Newest).print(a.err) // as all talk
}

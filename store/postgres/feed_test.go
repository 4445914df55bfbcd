package postgres_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/authctl/authctl/store"
	"github.com/authctl/authctl/store/postgres"
	"github.com/authctl/authctl/store/storetest"
)

// TestAnEntryThatCommitsLateIsRead: a transaction appends to the feed first and commits last,
// so the ids are not in the order of the commits.
func TestAnEntryThatCommitsLateIsRead(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s := open(t, postgres.Config{URL: url})
	p := newSomeone(t, s)
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	p.ok(err)
	defer conn.Close(ctx)
	tx, err := conn.Begin(ctx)
	p.ok(err)
	_, err = tx.Exec(ctx, `INSERT INTO revocations (at, generation) VALUES ($1, 7)`, at)
	p.ok(err)

	_, err = s.EndSessions(ctx, store.OfUser(p.user.ID), login)
	p.ok(err)
	feed, err := s.Revocations(ctx, "", at)
	p.ok(err)
	if len(feed.Entries) != 1 || feed.Entries[0].UserID != p.user.ID {
		t.Fatalf("got %+v, want the entry that is committed", feed.Entries)
	}
	p.ok(s.SaveNode(ctx, store.Node{ID: p.user.ID, Position: feed.Position}))
	p.ok(tx.Commit(ctx))

	nodes, err := s.Nodes(ctx, at)
	p.ok(err)
	if len(nodes) != 1 || nodes[0].Behind != 1 {
		t.Errorf("got the nodes %+v, want one that is behind by 1", nodes)
	}
	feed, err = s.Revocations(ctx, feed.Position, at)
	p.ok(err)
	if len(feed.Entries) != 1 || feed.Entries[0].Generation != 7 {
		t.Errorf("got %+v, want the entry that was committed late", feed.Entries)
	}
	feed, err = s.Revocations(ctx, feed.Position, at)
	p.ok(err)
	if len(feed.Entries) != 0 {
		t.Errorf("got %+v again", feed.Entries)
	}
}

// TestAnEntryFromAnotherClusterKeepsNobodyBehind: a dump brings an entry whose transaction id
// is in the future of a younger cluster.
func TestAnEntryFromAnotherClusterKeepsNobodyBehind(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	s := open(t, postgres.Config{URL: url})
	p := newSomeone(t, s)
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, url)
	p.ok(err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `INSERT INTO revocations (tx, at, generation) VALUES ('1000000000000', $1, 7)`, at)
	p.ok(err)
	feed, err := s.Revocations(ctx, "", at)
	p.ok(err)
	if len(feed.Entries) != 1 || feed.Entries[0].Generation != 7 {
		t.Errorf("got %+v, want the entry", feed.Entries)
	}
	p.ok(s.SaveNode(ctx, store.Node{ID: p.user.ID, Position: feed.Position}))
	nodes, err := s.Nodes(ctx, at)
	p.ok(err)
	if len(nodes) != 1 || nodes[0].Behind != 0 {
		t.Errorf("got the nodes %+v, want one that has read all", nodes)
	}
	feed, err = s.Revocations(ctx, feed.Position, at)
	p.ok(err)
	if len(feed.Entries) != 0 {
		t.Errorf("got %+v again", feed.Entries)
	}
}

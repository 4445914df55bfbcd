package cmd

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/server"
	"github.com/authctl/authctl/store"
)

// join registers the process as a node, and starts the background tasks of the server. The tasks
// continue while the server drains. leave stops them and waits for their end. The returned context
// ends with ctx. It also ends, with [store.ErrReplaced] as its cause, when another database has
// replaced the opened one.
func (inst *instance) join(ctx context.Context, changes *reloader, srv *server.Server, mails *mailroom, log *serverLog) (while context.Context, leave func(), err error) {
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	ctx, end := context.WithCancelCause(ctx)
	kicked := make(chan struct{}, 1)
	signOff, err := inst.authn.Cluster.Join(beside, serving(inst.cfg), func(e authn.FollowEvent, err error) {
		logFollowing(log.Logger, e, err)
		if e == authn.Replaced {
			end(err)
		}
		if e == authn.KeyClosed { // Vault may have its secret now
			select {
			case kicked <- struct{}{}:
			default:
			}
		}
	}, func(read store.Feed) { logApplied(log.Logger, read) })
	if err != nil {
		stop()
		return ctx, nil, err
	}
	if err := refuseRestoring(inst.cfg); err != nil { // a restore that begins now sees this server
		stop()
		signOff()
		return ctx, nil, err
	}
	var background sync.WaitGroup
	background.Go(log.guarding(func() { sweepEvery(beside, inst.authn, 10*time.Minute, log.Logger) }))
	background.Go(log.guarding(signOff))
	background.Go(log.guarding(func() { mails.run(beside, inst.store) }))
	background.Go(log.guarding(func() { changes.run(beside, srv, kicked) }))
	return ctx, func() {
		end(nil)
		stop()
		background.Wait()
		logUnfinished(log.Logger, inst.authn.Cluster.PendingLogouts())
	}, nil
}

// sweepEvery deletes dead sessions, old revocations and dead nodes, at once and then at each
// interval. Before each deletion it surveys the stored password hashes.
func sweepEvery(ctx context.Context, svc *authn.Service, interval time.Duration, log zerolog.Logger) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := svc.SurveyHashes(ctx); err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Msg("survey the stored password hashes")
		}
		n, err := svc.Sweep(ctx, store.Everyone(), nil)
		if err == nil {
			err = svc.Forget(ctx)
		}
		if err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Msg("delete dead sessions")
		}
		if n > 0 {
			log.Info().Int64("sessions", n).Msg("deleted dead sessions")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

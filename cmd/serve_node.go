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

// join makes the process a node, and starts what runs beside the server: it goes on while
// the server drains, until leave is called, which waits for its end. The context it returns
// also ends, with [store.ErrReplaced] as its cause, when the database is no longer the one that
// was opened.
func (inst *instance) join(ctx context.Context, changes *reloader, srv *server.Server, log zerolog.Logger) (while context.Context, leave func(), err error) {
	beside, stop := context.WithCancel(context.WithoutCancel(ctx))
	ctx, end := context.WithCancelCause(ctx)
	kicked := make(chan struct{}, 1)
	signOff, err := inst.authn.Cluster.Join(beside, serving(inst.cfg), func(e authn.FollowEvent, err error) {
		logFollowing(log, e, err)
		if e == authn.Replaced {
			end(err)
		}
		if e == authn.KeyClosed { // perhaps its secret is in Vault by now
			select {
			case kicked <- struct{}{}:
			default:
			}
		}
	}, func(read store.Feed) { logApplied(log, read) })
	if err != nil {
		stop()
		return ctx, nil, err
	}
	if err := refuseRestoring(inst.cfg); err != nil { // one that begins now sees this server
		stop()
		signOff()
		return ctx, nil, err
	}
	var background sync.WaitGroup
	background.Go(func() { sweepEvery(beside, inst.authn, 10*time.Minute, log) })
	background.Go(signOff)
	background.Go(func() { changes.run(beside, srv, kicked) })
	return ctx, func() {
		end(nil)
		stop()
		background.Wait()
		logUnfinished(log, inst.authn.Cluster.PendingLogouts())
	}, nil
}

// sweepEvery deletes at once, and then at each interval, what no longer matters:
// dead sessions, old revocations, nodes that died. Before that it looks at what password hashes are
// stored.
func sweepEvery(ctx context.Context, svc *authn.Service, interval time.Duration, log zerolog.Logger) {
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		if err := svc.SurveyHashes(ctx); err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Msg("learn how long refused sign-ins are to take")
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

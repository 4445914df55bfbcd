package cmd

import (
	"context"
	"time"
)

// persist retries until an attempt succeeds or the deadline passes. It reports the reason of a
// retry, and repeats it only when the reason changes or after a while.
func persist[T any](ctx context.Context, a *app, deadline time.Time, what string, away func(error) bool, try func(context.Context) (T, error)) (T, error) {
	const longestTry, sayAgain = 5 * time.Second, 10 * time.Second
	pause, said, saidAt := 100*time.Millisecond, "", time.Time{}
	for {
		limit := longestTry
		if left := time.Until(deadline); left > 0 {
			limit = min(limit, max(left, time.Second))
		}
		tryCtx, cancel := context.WithTimeout(ctx, limit)
		got, err := try(tryCtx)
		cancel()
		left := time.Until(deadline)
		if err == nil || !away(err) || ctx.Err() != nil || left <= 0 {
			return got, err
		}
		if why := oneLine(err); why != said || time.Since(saidAt) >= sayAgain {
			a.say("%s, trying again for %s: %s", what, left.Round(100*time.Millisecond), why)
			said, saidAt = why, time.Now()
		}
		select {
		case <-ctx.Done():
			return got, ctx.Err()
		case <-time.After(min(pause, left)):
		}
		pause = min(2*pause, 2*time.Second)
	}
}

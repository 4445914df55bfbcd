package authn

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	lookAgain = time.Hour // after which the database is asked again which hashes there are
	hashPage  = 1000      // users that are looked at at a time
)

// LookAtHashes finds out which hashes of another than the configured cost are stored, and how
// long a failed sign-in takes with the costliest of each algorithm: so long takes every refusal. It
// looks at most once an hour, a page of users at a time, and computes each costliest hash
// once.
func (s *Service) LookAtHashes(ctx context.Context) error {
	h, now := s.rules.Load().hasher, s.now()
	h.floor.mu.Lock()
	since := now.Sub(h.floor.looked)
	h.floor.mu.Unlock()
	if since >= 0 && since < lookAgain { // a clock may be set back
		return nil
	}
	costliest := map[string]storedHash{}
	for after := uuid.Nil; ; {
		hashes, next, err := s.store.HashesOtherThan(ctx, phcPrefix+h.params.String(), after, hashPage)
		if err != nil {
			return fmt.Errorf("look at password hashes: %w", err)
		}
		for _, encoded := range hashes {
			h.noteCostliest(costliest, encoded)
		}
		if next == uuid.Nil {
			break
		}
		after = next
	}
	for algorithm, stored := range costliest {
		if err := h.gauge(ctx, stored); err != nil {
			return fmt.Errorf("gauge password hashes of %s: %w", algorithm, err)
		}
	}
	h.floor.forget(func(algorithm string) bool { _, stored := costliest[algorithm]; return stored })
	h.floor.mu.Lock()
	defer h.floor.mu.Unlock()
	h.floor.looked = now
	return nil
}

// noteCostliest keeps a hash that is costlier than what is noted of its algorithm. A hash that
// cannot be verified counts for nothing: it costs what an unknown name costs.
func (h *Hasher) noteCostliest(costliest map[string]storedHash, encoded string) {
	stored, err := h.parse(encoded)
	if err != nil || h.asToday(stored) {
		return
	}
	algorithm, effort := stored.kind()
	if noted, ok := costliest[algorithm]; ok {
		if _, most := noted.kind(); most >= effort {
			return
		}
	}
	costliest[algorithm] = stored
}

// gauge computes a failed check, with the longest password that anybody may send, unless it is
// known how long that takes.
func (h *Hasher) gauge(ctx context.Context, stored storedHash) error {
	algorithm, effort := stored.kind()
	if h.floor.gauged(algorithm, effort) {
		return nil
	}
	longest := strings.Repeat("x", maxPasswordBytes)
	_, _, took, err := h.compare(ctx, typed{longest, longest}, stored, true, purposes{ForFloor, ForFloor}, nil)
	if err == nil {
		h.floor.set(algorithm, kind{effort: effort, least: took, took: took, gauged: true})
	}
	return err
}

// EndHolding answers at once whoever is refused and would be held back: the process is about
// to end.
func (s *Service) EndHolding() { s.rules.Load().hasher.floor.end() }

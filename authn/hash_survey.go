package authn

import (
	"context"
	"fmt"
	"iter"

	"github.com/google/uuid"
)

const hashPage = 1000 // users whose hashes are read at a time

// LookAtHashes finds the stored hashes of another than the configured cost, and learns how long a
// failed sign-in takes with the costliest of each algorithm. Every refused sign-in then takes as long. It reads
// the database at most once an hour, a page of users at a time, and computes each costliest hash
// once.
func (s *Service) LookAtHashes(ctx context.Context) error {
	others := func(prefix string) iter.Seq2[string, error] { return s.hashesOtherThan(ctx, prefix) }
	return s.rules.Load().hasher.Survey(ctx, s.now(), maxPasswordBytes, others)
}

// hashesOtherThan returns the stored password hashes that do not begin with prefix. It ends with an error of
// the database.
func (s *Service) hashesOtherThan(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for after := uuid.Nil; ; {
			hashes, next, err := s.store.HashesOtherThan(ctx, prefix, after, hashPage)
			if err != nil {
				yield("", fmt.Errorf("query password hashes: %w", err))
				return
			}
			for _, encoded := range hashes {
				if !yield(encoded, nil) {
					return
				}
			}
			if next == uuid.Nil {
				return
			}
			after = next
		}
	}
}

// EndHolding answers at once every refused sign-in that is being delayed: the process is about
// to end.
func (s *Service) EndHolding() { s.rules.Load().hasher.EndHolding() }

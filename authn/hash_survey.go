package authn

import (
	"context"
	"fmt"
	"iter"

	"github.com/google/uuid"
)

const hashPage = 1000 // users whose hashes are read at a time

// SurveyHashes finds stored hashes with a cost other than the configured one, and measures a failed
// sign-in with the most expensive of each algorithm. Every refused sign-in then takes as long. It
// reads the database at most once an hour, in pages of users, and computes each such hash once.
func (s *Service) SurveyHashes(ctx context.Context) error {
	others := func(prefix string) iter.Seq2[string, error] { return s.hashesOtherThan(ctx, prefix) }
	return s.rules.Load().hasher.Survey(ctx, s.now(), maxPasswordBytes, others)
}

// hashesOtherThan yields the stored password hashes that do not begin with prefix. It stops at an
// error of the database.
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

// EndHolding answers every delayed refusal of a sign-in immediately. It is for a process that is
// about to end.
func (s *Service) EndHolding() { s.rules.Load().hasher.EndHolding() }

package hashing

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"
)

const surveyAgain = time.Hour // after which stored hashes are read again

// Survey learns how long a failed sign-in takes with the costliest stored hash of each algorithm, for
// [Hasher.Hold]. others returns the stored hashes that do not begin with the prefix of the configured cost; when
// it yields an error, Survey returns it. Survey computes each costliest hash once, with a password of
// longest bytes, and does nothing within an hour of the last one.
func (h *Hasher) Survey(ctx context.Context, at time.Time, longest int, others func(prefix string) iter.Seq2[string, error]) error {
	if since := at.Sub(h.floor.lastSurvey()); since >= 0 && since < surveyAgain { // a clock may be set back
		return nil
	}
	costliest := map[string]Stored{}
	for encoded, err := range others(phcPrefix + h.params.String()) {
		if err != nil {
			return err
		}
		h.noteCostliest(costliest, encoded)
	}
	for algorithm, stored := range costliest {
		if err := h.gauge(ctx, stored, longest); err != nil {
			return fmt.Errorf("survey password hashes of %s: %w", algorithm, err)
		}
	}
	h.floor.surveyed(at, func(algorithm string) bool { _, stored := costliest[algorithm]; return stored })
	return nil
}

// noteCostliest notes a hash that costs more than the one noted of its algorithm. It ignores a hash that
// cannot be verified: such a hash costs what an unknown name costs.
func (h *Hasher) noteCostliest(costliest map[string]Stored, encoded string) {
	stored, err := h.Parse(encoded)
	if err != nil || h.asToday(stored) {
		return
	}
	about := stored.sample()
	if noted, ok := costliest[about.algorithm]; ok && noted.sample().effort >= about.effort {
		return
	}
	costliest[about.algorithm] = stored
}

// gauge computes a failed check with a password of so many bytes, unless its time is known.
func (h *Hasher) gauge(ctx context.Context, stored Stored, longest int) error {
	about := stored.sample()
	if h.floor.gauged(about.algorithm, about.effort) {
		return nil
	}
	text := strings.Repeat("x", longest)
	password := Password{Typed: text, NFC: text}
	stored.Barred = true
	_, took, err := h.compare(ctx, password, stored, counted{ForFloor, ForFloor})
	if err == nil {
		one := about.one(password, took)
		h.floor.set(kind{sample: about, least: one, took: one, gauged: true})
	}
	return err
}

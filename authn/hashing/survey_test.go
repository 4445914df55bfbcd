package hashing

import (
	"encoding/json"
	"errors"
	"iter"
	"os"
	"strings"
	"testing"
	"time"
)

// spelled returns hashes in the formats of other programs.
func spelled(t *testing.T) (hashes []string) {
	t.Helper()
	text, err := os.ReadFile("foreign/testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Hash string }
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		hashes = append(hashes, v.Hash)
	}
	return hashes
}

// each yields hashes, and then err unless it is nil.
func each(hashes []string, err error) func(string) iter.Seq2[string, error] {
	return func(string) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for _, h := range hashes {
				if !yield(h, nil) {
					return
				}
			}
			if err != nil {
				yield("", err)
			}
		}
	}
}

// TestTheFloorFollowsTheCostliestHashOfEachAlgorithm: each computation takes one second.
func TestTheFloorFollowsTheCostliestHashOfEachAlgorithm(t *testing.T) {
	t.Parallel()
	tick := time.Now()
	h := newTestHasher(t, func(c *Config) {
		c.Budget = Budget{Workers: 2, Memory: 64 << 20}
		c.Now = func() time.Time { tick = tick.Add(time.Second); return tick }
	})
	hashes := spelled(t)
	efforts := map[string]int64{}
	for _, encoded := range hashes {
		s, err := h.Parse(encoded)
		if err != nil {
			t.Fatal(err)
		}
		about := s.sample()
		efforts[about.algorithm] = max(efforts[about.algorithm], about.effort)
	}
	at := time.Now()
	survey := func(want int) {
		t.Helper()
		before := h.Stats().By[ForFloor].Run.Count
		if err := h.Survey(t.Context(), at, 2048, each(hashes, nil)); err != nil {
			t.Error(err)
		}
		if got := h.Stats().By[ForFloor].Run.Count - before; got != uint64(2*want) { // with one of the configured cost each
			t.Errorf("%d hashes were gauged, want %d", got, 2*want)
		}
	}
	survey(len(efforts))
	for algorithm, effort := range efforts {
		if k := h.floor.kinds[algorithm]; k.effort != effort || k.least <= 0 || !k.gauged {
			t.Errorf("%s: got %+v, want an effort of %d", algorithm, k, effort)
		}
	}
	if height := h.floor.height(both("x")); height < 2*time.Second {
		t.Errorf("the floor is %s", height)
	}
	hashes = append(hashes, "$6$rounds=9000$saltsalt$"+strings.Repeat("a", 86))
	survey(0) // not before an hour is over
	at = at.Add(surveyAgain)
	survey(1)
	at = at.Add(surveyAgain)
	survey(0)
	at = at.Add(surveyAgain)
	hashes = nil
	survey(0)
	if height := h.floor.height(both("x")); height != 0 {
		t.Errorf("the floor is %s when no hash is left", height)
	}
}

func TestASurveyThatFailsIsRepeatedAtOnce(t *testing.T) {
	t.Parallel()
	h := newTestHasher(t, nil)
	failed := errors.New("on purpose")
	for range 2 {
		if err := h.Survey(t.Context(), time.Now(), 2048, each(nil, failed)); !errors.Is(err, failed) {
			t.Errorf("got %v, want %v", err, failed)
		}
	}
}

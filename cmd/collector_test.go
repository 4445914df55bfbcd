package cmd_test

import "testing"

func TestServeCollectsGarbageLessOftenUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		environ []string
		want    float64
	}{
		{"default", nil, 200},
		{"GOGC", []string{"GOGC=70"}, 70},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := startServe(t, t.TempDir(), c.environ...).metric(t, "go_gc_gogc_percent"); got != c.want {
				t.Errorf("got %v percent, want %v", got, c.want)
			}
		})
	}
}

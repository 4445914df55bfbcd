package cmd

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/rs/zerolog"
)

// TestTheLogHidesNothing logs texts that could mislead a terminal or a person.
func TestTheLogHidesNothing(t *testing.T) {
	t.Parallel()
	for _, odd := range oddTexts {
		var out bytes.Buffer
		log := zerolog.New(escaping{&out})
		log.Info().Str("path", odd).Msg(odd)
		line := out.String()
		if i := strings.IndexFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return hidden(r) || r == '\n' }); i >= 0 {
			t.Errorf("there is a hidden character at %d of %q", i, line)
		}
		var back struct{ Path, Message string }
		if err := json.Unmarshal(out.Bytes(), &back); err != nil || back.Path != odd || back.Message != odd {
			t.Errorf("got %+v, %v, want %q", back, err, odd)
		}
	}
}

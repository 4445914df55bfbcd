package cmd

import (
	"errors"
	"time"
)

// span is a flag of a duration that is not negative.
type span time.Duration

// Set reads what was typed.
func (s *span) Set(text string) error {
	d, err := time.ParseDuration(text)
	if err != nil {
		return err
	}
	if d < 0 {
		return errors.New("must not be negative")
	}
	*s = span(d)
	return nil
}

// String shows the default in the help.
func (s *span) String() string { return time.Duration(*s).String() }

// Type names what is to be typed there.
func (*span) Type() string { return "duration" }

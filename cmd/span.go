package cmd

import (
	"errors"
	"time"
)

// span is a flag of a duration that is not negative.
type span time.Duration

// Set parses the value of the flag.
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

// Type names the kind of value in the help.
func (*span) Type() string { return "duration" }

package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// MaxReplaced is how many replaced tokens a row remembers.
const MaxReplaced = 8

// replacedLength is the size in bytes of one replaced token in the row: eight bytes of microseconds
// since the Unix epoch, the token's SHA-256, its sealed successor.
const replacedLength = 8 + 32 + 32

// ReplacedKept is the size in bytes of the replaced tokens that stay when a new one is added.
const ReplacedKept = (MaxReplaced - 1) * replacedLength

// chainPause is the max time between two rotations for which the token that the first replaced may
// still be within its retry window at the second: a minute for the window, and 30 seconds for each
// of two clocks.
const chainPause = 2 * time.Minute

// Replaced is a refresh token that a rotation has replaced.
type Replaced struct {
	TokenHash string    // hex SHA-256
	Successor []byte    // the successor's verifier, sealed under the token; 32 bytes
	At        time.Time // when it was replaced, by the database's clock
	callers   bool      // At is by the server's clock: an older release wrote it
}

// Sealed is the successor of a replaced token.
type Sealed struct {
	Verifier  string // 32 bytes, sealed under the replaced token and bound to TokenHash
	TokenHash string // hex SHA-256 of the successor, which proves that Verifier was opened
}

// Replacement returns the caller's part of the row's new entry: the token's hash and the sealed
// successor. The database puts the time before it.
func (r Rotation) Replacement() ([]byte, error) {
	hash, err := hex.DecodeString(r.TokenHash)
	if err != nil || len(hash) != 32 || len(r.Successor) != 32 {
		return nil, fmt.Errorf("a rotation needs a SHA-256 and a successor of 32 bytes, it has %q and %d bytes", r.TokenHash, len(r.Successor))
	}
	return append(hash, r.Successor...), nil
}

// KeepsSince returns the instants that decide whether the row keeps its earlier replaced tokens. It
// keeps them if the session was last rotated at or after always; or at or after resumed, if the
// installation has resumed at or after always.
func (r Rotation) KeepsSince() (always, resumed time.Time) {
	always, resumed = r.At.Add(-chainPause), r.At.Add(-resumeReach)
	if r.resuming() {
		return resumed, resumed
	}
	return always, resumed
}

// ReadReplaced sets Step and Replaced from the columns of a row. remembered is the list that this
// release writes. The last three are columns that older releases write without that list.
func (s *RotationState) ReadReplaced(step int64, remembered []byte, previousHash string, successor []byte, rotatedAt time.Time) {
	s.Step, s.Replaced = step, nil
	for entry := range slices.Chunk(remembered, replacedLength) {
		if len(entry) < replacedLength || len(s.Replaced) == MaxReplaced {
			break
		}
		s.Replaced = append(s.Replaced, Replaced{
			TokenHash: hex.EncodeToString(entry[8:40]),
			Successor: bytes.Clone(entry[40:]),
			At:        time.UnixMicro(int64(binary.BigEndian.Uint64(entry))).UTC(),
		})
	}
	if previousHash == "" || (len(s.Replaced) > 0 && s.Replaced[0].TokenHash == previousHash) {
		return
	}
	// An older release has rotated the token since: step is at least one behind, and
	// the remembered tokens do not lead to the current one.
	s.Step++
	s.Replaced = []Replaced{{TokenHash: previousHash, Successor: successor, At: rotatedAt, callers: true}}
}

func (s *RotationState) find(hash string) int {
	return slices.IndexFunc(s.Replaced, func(t Replaced) bool { return t.TokenHash == hash })
}

// Successors returns the chain of successors from a replaced token to the current one, as in
// [RotateResult].
func (s *RotationState) Successors(hash string) []Sealed {
	var sealed []Sealed
	for i := s.find(hash); i >= 0; i-- {
		successor := s.TokenHash
		if i > 0 {
			successor = s.Replaced[i-1].TokenHash
		}
		sealed = append(sealed, Sealed{string(s.Replaced[i].Successor), successor})
	}
	return sealed
}

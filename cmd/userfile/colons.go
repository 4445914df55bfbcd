package userfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/authctl/authctl/authn"
)

// colons reads a file of lines with fields that colons separate, as /etc/shadow is. It skips empty
// lines and comments. user fails for a line that is no user.
func (r *Reader) colons(in *bufio.Reader, fields int, user func(fields []string) (authn.Arrival, error)) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for n := r.skipped + 1; ; n++ {
			text, err := in.ReadSlice('\n')
			row := Row{Number: n, Unit: "line"}
			if errors.Is(err, bufio.ErrBufferFull) {
				_, err = skipLine(in)
				row.Err = errTooLong
			}
			ended := errors.Is(err, io.EOF)
			line := strings.TrimRight(string(text), "\r\n")
			parts := strings.Split(line, ":")
			switch {
			case err != nil && !ended:
				yield(Row{}, fmt.Errorf("read users: %w", err))
				return
			case strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#"):
				if ended {
					return
				}
				continue
			case row.Err != nil:
			case !utf8.ValidString(line):
				row.Err = errors.New("it is not valid UTF-8")
			case ended && len(text) > 0 && text[len(text)-1] != '\n' && len(parts) < fields:
				yield(Row{}, broken("it is cut off in line %d, which has %d fields of %d", n, len(parts), fields))
				return
			case len(parts) != fields:
				row.Err = fmt.Errorf("it has %d fields between colons, and a line of this format has %d", len(parts), fields)
			default:
				row.User, row.Err = r.tidy(user(parts))
			}
			if !yield(row, nil) || ended {
				return
			}
		}
	}
}

// readShadow reads /etc/shadow (shadow(5)): NAME:HASH:CHANGED:MIN:MAX:WARN:INACTIVE:EXPIRES:, with
// days since 1970.
func (r *Reader) readShadow(in *bufio.Reader, _ byte) iter.Seq2[Row, error] {
	now := time.Now()
	return r.colons(in, 9, func(f []string) (u authn.Arrival, err error) {
		u.Username, u.Origin = f[0], "shadow/"+f[0]
		if err = r.named(&u, identity{username: f[0]}); err != nil {
			return u, err
		}
		u.PasswordHash = f[1]
		changed, expires := day(f[2]), day(f[7])
		u.PasswordChangedAt = changed
		if hash, locked := strings.CutPrefix(f[1], "!"); locked && !isNone(f[1]) { // as usermod --lock leaves it
			u.PasswordHash, u.DisabledAt = strings.TrimPrefix(hash, "!"), later(changed)
		}
		if !expires.IsZero() && !expires.After(now) {
			u.DisabledAt = expires
		}
		return u, nil
	})
}

// day returns the beginning of a day, which is counted from 1970. It returns zero for day 0, which
// forces a change of the password, and for what is no number.
func day(count string) time.Time {
	days, err := strconv.ParseInt(count, 10, 32)
	if err != nil || days <= 0 {
		return time.Time{}
	}
	return time.Unix(days*24*60*60, 0).UTC()
}

// readHtpasswd reads a file of Apache's htpasswd: NAME:HASH.
func (r *Reader) readHtpasswd(in *bufio.Reader, _ byte) iter.Seq2[Row, error] {
	return r.colons(in, 2, func(f []string) (u authn.Arrival, err error) {
		u.Username, u.PasswordHash, u.Origin = f[0], f[1], "htpasswd/"+f[0]
		return u, r.named(&u, identity{username: f[0]})
	})
}

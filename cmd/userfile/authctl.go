package userfile

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

// line is a user as authctl exports it: a line of NDJSON, or of CSV with these columns.
type line struct {
	ID                 uuid.UUID  `json:"id"`
	Username           string     `json:"username"`
	PasswordHash       string     `json:"password_hash"`
	CreatedAt          time.Time  `json:"created_at"`
	DisabledAt         *time.Time `json:"disabled_at"`
	PasswordChangedAt  time.Time  `json:"password_changed_at"`
	PasswordDisabledAt *time.Time `json:"password_disabled_at"`
	Email              *string    `json:"email"`
	EmailVerifiedAt    *time.Time `json:"email_verified_at"` // null while the address is not verified

	Roles  []string        `json:"roles"`  // in CSV, words with spaces between them
	Claims json.RawMessage `json:"claims"` // in CSV, the text of the JSON object
}

// authctl reads a user in authctl's own JSON.
func (r *Reader) authctl(o object) (authn.Arrival, error) {
	cells := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if err := authctlCell(cells, name, o[name]); err != nil {
			return authn.Arrival{}, err
		}
	}
	clear(o)
	return authctlRow(cells)
}

// authctlCell adds a member of the JSON object to the fields of a user.
func authctlCell(cells map[string]string, name string, value json.RawMessage) error {
	if c := authctlColumns(); !slices.Contains(c.known, name) {
		return fmt.Errorf("it has %q, which is not a field of a user%s", shown(name), c.suggest(name))
	}
	switch name {
	case "roles":
		return rolesCell(cells, value)
	case "claims":
		if string(value) != "null" {
			cells[name] = string(value)
		}
		return nil
	}
	var s *string
	if json.Unmarshal(value, &s) != nil {
		return fmt.Errorf("its %s is not text", name)
	}
	if s != nil {
		cells[name] = *s
	}
	return nil
}

func rolesCell(cells map[string]string, value json.RawMessage) error {
	var roles []string
	if json.Unmarshal(value, &roles) != nil || slices.ContainsFunc(roles, func(role string) bool { return strings.Contains(role, " ") }) {
		return errors.New("its roles are not an array of words")
	}
	cells["roles"] = strings.Join(roles, " ")
	return nil
}

// authctlRow builds a user from its fields.
func authctlRow(cells map[string]string) (u authn.Arrival, err error) {
	u.Username, u.PasswordHash = cells["username"], cells["password_hash"]
	if u.Username == "" {
		return u, errors.New("it has no username")
	}
	u.Origin = "authctl/" + u.Username
	if id := cells["id"]; id != "" {
		if u.ID, err = parseID(id); err != nil {
			return u, err
		}
	}
	for name, t := range map[string]*time.Time{
		"created_at": &u.CreatedAt, "disabled_at": &u.DisabledAt,
		"password_changed_at": &u.PasswordChangedAt, "password_disabled_at": &u.PasswordDisabledAt, "email_verified_at": &u.EmailVerifiedAt,
	} {
		if *t, err = parseTime(name, cells[name]); err != nil {
			return u, err
		}
	}
	u.Email, u.EmailVerified = cells["email"], !u.EmailVerifiedAt.IsZero()
	if u.EmailVerified && u.Email == "" {
		return u, errors.New("it has email_verified_at, and no email")
	}
	if u.Roles, u.Claims = cells["roles"], cells["claims"]; u.Claims == "{}" {
		u.Claims = ""
	}
	return u, nil
}

func parseID(s string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != 36 || id == uuid.Nil {
		return uuid.Nil, errors.New("its id is not a UUID")
	}
	return id, nil
}

// parseTime parses a time in RFC 3339 or in the format of PostgreSQL.
func parseTime(name, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02 15:04:05.999999999Z07"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1970 && t.Year() < 10000 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("its %s is not a time such as 2026-03-01T09:00:00Z", name)
}

// Writer writes users as authctl exports them.
type Writer struct {
	json *json.Encoder
	csv  *csv.Writer
}

// NewWriter returns a Writer of format "ndjson" or "csv".
func NewWriter(w io.Writer, format string) (*Writer, error) {
	if format == "csv" {
		c := csv.NewWriter(w)
		return &Writer{csv: c}, c.Write(authctlColumns().known)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &Writer{json: enc}, nil
}

// Write writes one user.
func (w *Writer) Write(c store.Credentials) error {
	l := line{ID: c.User.ID, Username: c.User.Username, PasswordHash: c.PasswordHash, CreatedAt: c.User.CreatedAt, PasswordChangedAt: c.User.PasswordChangedAt,
		Roles: append([]string{}, c.User.Rights.RoleList()...), Claims: json.RawMessage(cmp.Or(c.User.Rights.Claims, "{}"))}
	if c.User.Disabled() {
		l.DisabledAt = &c.User.DisabledAt
	}
	if c.User.PasswordDisabled() {
		l.PasswordDisabledAt = &c.User.PasswordDisabledAt
	}
	if c.User.Email != "" {
		l.Email = &c.User.Email
	}
	if c.User.EmailVerified() {
		l.EmailVerifiedAt = &c.User.EmailVerifiedAt
	}
	if w.csv == nil {
		return w.json.Encode(l)
	}
	return w.csv.Write([]string{l.ID.String(), l.Username, l.PasswordHash, cell(&l.CreatedAt), cell(l.DisabledAt), cell(&l.PasswordChangedAt), cell(l.PasswordDisabledAt),
		c.User.Email, cell(l.EmailVerifiedAt), c.User.Rights.Roles, c.User.Rights.Claims})
}

// cell formats a time that may be nil.
func cell(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

// Flush writes the buffered users.
func (w *Writer) Flush() error {
	if w.csv == nil {
		return nil
	}
	w.csv.Flush()
	return w.csv.Error()
}

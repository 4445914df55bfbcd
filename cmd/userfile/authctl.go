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
	return r.authctlRow(cells)
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
	var number json.Number
	if name == "id" && json.Unmarshal(value, &number) == nil {
		cells[name] = number.String()
		return nil
	}
	if json.Unmarshal(value, &s) != nil {
		return fmt.Errorf("its %s is not text", name)
	}
	if s != nil {
		cells[name] = trimmed(*s)
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
func (r *Reader) authctlRow(cells map[string]string) (u authn.Arrival, err error) {
	if cells["username"] == "" && cells["email"] == "" {
		return u, errors.New("it has no username")
	}
	u.Username = cells["username"] // a reject names the user
	u.PasswordHash, u.PasswordSalt = cells["password_hash"], cells["password_salt"]
	u.Origin = "authctl/" + first(cells["username"], cells["email"])
	if u.Roles, u.Claims = cells["roles"], cells["claims"]; u.Claims == "{}" {
		u.Claims = ""
	}
	if err = setID(&u, "authctl-id", cells["id"]); err != nil {
		return u, err
	}
	for name, t := range map[string]*time.Time{
		"created_at": &u.CreatedAt, "disabled_at": &u.DisabledAt,
		"password_changed_at": &u.PasswordChangedAt, "password_disabled_at": &u.PasswordDisabledAt, "email_verified_at": &u.EmailVerifiedAt,
	} {
		if *t, err = r.time(name, cells[name]); err != nil {
			return u, err
		}
	}
	verified, email := !u.EmailVerifiedAt.IsZero(), cells["email"]
	if verified && email == "" {
		return u, errors.New("it has email_verified_at, and no email")
	}
	if email == "" && tooLong(cells["username"]) {
		cells["username"], email = "", cells["username"]
	}
	if err = r.identify(&u, identity{username: cells["username"], email: email, confirmed: confirmedIf(verified, email)}); err != nil {
		return u, err
	}
	u.Unverified = u.Unverified && (u.Username == "" || r.options.UsernameFrom == "email") // our own files say who is who
	return u, nil
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
		return &Writer{csv: c}, c.Write(exportedColumns())
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

package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/vault"
)

// readReferences replaces references to Vault by their values. A setting that is not wanted becomes empty.
func (l *Loaded) readReferences(read VaultReader, bad *Faults) {
	defer l.dropEmpty()
	for _, s := range l.secrets() {
		for i, text := range s.texts() {
			switch {
			case !vault.IsReference(string(*text)):
			case s.tag.Get("vault") == "no":
				bad.Add(s.key, "cannot be kept in Vault itself")
			default:
				where, err := vault.ParseReference(string(*text))
				if err != nil {
					bad.Add(s.key, "%v", err)
				}
				l.Refs = append(l.Refs, Reference{Key: s.key, index: i, At: where})
				*text = "" // a reference is no secret, and would be too short for one
			}
		}
	}
	slices.SortFunc(l.Refs, func(a, b Reference) int { return strings.Compare(a.Key+a.At.String(), b.Key+b.At.String()) })
	if len(*bad) > 0 {
		return
	}
	for i := range l.Refs {
		r := &l.Refs[i]
		if read == nil {
			continue
		}
		v, wanted, err := read(l.Vault, r.Key, r.At)
		if err != nil {
			bad.Add(r.Key, "%v", err)
			return // an unreachable Vault gives one message
		}
		if wanted {
			l.Take(r, v)
		}
	}
}

// Take sets a setting to its value in Vault.
func (l *Loaded) Take(r *Reference, v vault.Value) {
	r.Value = v
	for _, s := range l.secrets() {
		if s.key == r.Key {
			*s.texts()[r.index] = SecretText(v.Text)
		}
	}
	origin, _, _ := strings.Cut(l.Origins[r.Key], ", "+"vault:")
	for _, of := range l.Refs { // several, if it is a list
		if of.Key != r.Key || of.Value.Text == "" {
			continue
		}
		origin += ", " + of.At.String()
		var about []string
		if of.Value.Version > 0 {
			about = append(about, fmt.Sprintf("version %d", of.Value.Version))
		}
		if of.Value.Cut {
			about = append(about, "without the line break at its end")
		}
		if len(about) > 0 {
			origin += " (" + strings.Join(about, ", ") + ")"
		}
	}
	l.Origins[r.Key] = origin
}

// dropEmpty removes the empty items of secret lists. It also adds the previous value of jwt.secret in
// Vault to jwt.previous_secrets, so that its tokens stay valid.
func (l *Loaded) dropEmpty() {
	empty := func(s SecretText) bool { return s == "" }
	for _, s := range l.secrets() {
		if s.many != nil {
			*s.many = slices.DeleteFunc(slices.Clone(*s.many), empty)
		}
	}
	for _, r := range l.Refs {
		if before := r.Value.Previous; r.Key == "jwt.secret" && before != r.Value.Text && authn.CheckSecret(before) == nil {
			l.JWT.PreviousSecrets.Texts = append(l.JWT.PreviousSecrets.Texts, SecretText(before))
		}
	}
}

// unread reports whether Vault keeps a setting and nobody read it.
func (l *Loaded) unread(key string) bool {
	return slices.ContainsFunc(l.Refs, func(r Reference) bool { return r.Key == key && r.Value.Text == "" })
}

// NewVault returns the Vault client of a configuration.
func NewVault(cfg Vault) (*vault.Client, error) {
	c := vault.Config{Auth: cfg.Auth, Mount: cfg.Mount, RoleID: cfg.RoleID, Role: cfg.Role, Insecure: cfg.Insecure}
	switch {
	case cfg.SecretID.File != "":
		c.SecretID = func() (string, error) { return readVaultFile("vault.secret_id_file", cfg.SecretID.File) }
	case cfg.SecretID.Text != "":
		c.SecretID = func() (string, error) { return string(cfg.SecretID.Text), nil }
	}
	switch {
	case cfg.TokenFile == "":
	case cfg.Auth == vault.AuthKubernetes:
		c.TokenPath = cfg.TokenFile
	default:
		c.ReadToken = func() (string, error) { return readVaultFile("vault.token_file", cfg.TokenFile) }
	}
	return vault.New(c)
}

func readVaultFile(key, path string) (string, error) {
	value, _, err := readSecret(path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return value, nil
}

// Login returns the settings of the login to Vault.
func (c Vault) Login() Vault {
	c.ConnectTimeout, c.RefreshInterval, c.MaxAge = 0, 0, 0
	return c
}

package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/cmd/vault"
)

// Reference is a setting that is kept in Vault, or one item of a list of them.
type Reference struct {
	Key   string
	index int // in the list
	At    vault.Reference
	Value vault.Value // what was read; empty when nobody asked for it
}

// VaultReader reads what a reference says. It reports false for a setting that the command does without.
type VaultReader func(cfg Vault, key string, at vault.Reference) (v vault.Value, wanted bool, err error)

// secretAt returns where a setting that may be kept in Vault is, or one item of a list.
func (c *Settings) secretAt(key string, index int) *Secret {
	switch key {
	case "database.url":
		return &c.Database.URL
	case "jwt.secret":
		return &c.JWT.Secret
	case "password.pepper":
		return &c.Password.Pepper
	case "jwt.previous_secrets":
		return &c.JWT.PreviousSecrets[index]
	default:
		return &c.Password.PreviousPeppers[index]
	}
}

// readReferences replaces references to Vault by what is there. What is not wanted is left empty.
func (l *Loaded) readReferences(read VaultReader, bad *Faults) {
	defer l.dropEmpty()
	for key, n := range map[string]int{
		"database.url": 1, "jwt.secret": 1, "password.pepper": 1,
		"jwt.previous_secrets": len(l.JWT.PreviousSecrets), "password.previous_peppers": len(l.Password.PreviousPeppers),
	} {
		for i := range n {
			if text := string(*l.secretAt(key, i)); vault.IsReference(text) {
				at, err := vault.ParseReference(text)
				if err != nil {
					bad.Add(key, "%v", err)
				}
				l.Refs = append(l.Refs, Reference{Key: key, index: i, At: at})
			}
		}
	}
	if vault.IsReference(string(l.Vault.SecretID)) {
		bad.Add("vault.secret_id", "cannot be kept in Vault itself")
	}
	slices.SortFunc(l.Refs, func(a, b Reference) int { return strings.Compare(a.Key+a.At.String(), b.Key+b.At.String()) })
	for _, r := range l.Refs {
		*l.secretAt(r.Key, r.index) = "" // where a secret is, is no secret, and would be found too short for one
	}
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
			return // one line for a Vault that is away
		}
		if wanted {
			l.Take(r, v)
		}
	}
}

// Take sets a setting to what Vault says.
func (l *Loaded) Take(r *Reference, v vault.Value) {
	r.Value = v
	*l.secretAt(r.Key, r.index) = Secret(v.Text)
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

// dropEmpty removes the items of lists that were not wanted, and adds what jwt.secret was before in Vault to
// the previous ones, whose tokens are to be good still.
func (l *Loaded) dropEmpty() {
	empty := func(s Secret) bool { return s == "" }
	l.JWT.PreviousSecrets = slices.DeleteFunc(slices.Clone(l.JWT.PreviousSecrets), empty)
	l.Password.PreviousPeppers = slices.DeleteFunc(slices.Clone(l.Password.PreviousPeppers), empty)
	for _, r := range l.Refs {
		if before := r.Value.Previous; r.Key == "jwt.secret" && before != r.Value.Text && authn.CheckSecret(before) == nil {
			l.JWT.PreviousSecrets = append(l.JWT.PreviousSecrets, Secret(before))
		}
	}
}

// unread reports whether a setting is kept in Vault and was not read.
func (l *Loaded) unread(key string) bool {
	return slices.ContainsFunc(l.Refs, func(r Reference) bool { return r.Key == key && r.Value.Text == "" })
}

// NewVault makes the client that a configuration asks for.
func NewVault(cfg Vault) (*vault.Client, error) {
	c := vault.Config{Auth: cfg.Auth, Mount: cfg.Mount, RoleID: cfg.RoleID, Role: cfg.Role, Insecure: cfg.Insecure}
	switch {
	case cfg.SecretIDFile != "":
		c.SecretID = func() (string, error) { return readVaultFile("vault.secret_id_file", cfg.SecretIDFile) }
	case cfg.SecretID != "":
		c.SecretID = func() (string, error) { return string(cfg.SecretID), nil }
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

// Login is the part of the settings that says where and how to log in.
func (c Vault) Login() Vault {
	c.ConnectTimeout, c.RefreshInterval, c.MaxAge = 0, 0, 0
	return c
}

package config

const redacted = "[redacted]"

// SecretText is a text that no printing shows.
type SecretText string

// String returns a fixed word.
func (s SecretText) String() string { return redacted }

// GoString returns a fixed word.
func (s SecretText) GoString() string { return redacted }

// MarshalText returns a fixed word, in JSON and YAML too.
func (s SecretText) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Secret is a setting X whose value is a text, a file named by X_file, or a reference to Vault.
type Secret struct {
	Text SecretText // "" if Vault keeps it and it was not read
	File string     // X_file; "" for none
}

// Secrets is a list of secrets; X_file has one a line.
type Secrets struct {
	Texts []SecretText
	File  string
}

// strings returns the secrets in clear.
func (s Secrets) strings() []string {
	all := make([]string, len(s.Texts))
	for i, text := range s.Texts {
		all[i] = string(text)
	}
	return all
}

package config

import (
	"bytes"
	"fmt"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/hashing"
)

// ServiceSettings returns the configuration of the service. secret signs the tokens.
func ServiceSettings(cfg Loaded, secret string) (authn.Config, error) {
	blocklist, err := readBlocklist(cfg.Password.BlocklistFile)
	if err != nil {
		return authn.Config{}, fmt.Errorf("password.blocklist_file: %w", err)
	}
	limit, _ := MemoryLimit()
	return authn.Config{
		Secret:              secret,
		PreviousSecrets:     cfg.JWT.PreviousSecrets.strings(),
		Algorithm:           cfg.JWT.Algorithm,
		Issuer:              cfg.JWT.Issuer,
		Audience:            cfg.JWT.Audience,
		ClientID:            cfg.JWT.ClientID,
		ClientIDs:           cfg.clientIDs(),
		TokenType:           cfg.JWT.Type,
		AccessTTL:           cfg.Tokens.AccessTTL,
		RefreshTTL:          cfg.Tokens.RefreshTTL,
		SessionMaxAge:       cfg.Tokens.SessionMaxAge,
		RetryWindow:         cfg.Tokens.RetryWindow,
		RightsOutOfTokens:   !cfg.Tokens.ClaimsInToken,
		Accounts:            cfg.Limits.accounts(),
		MaxSessions:         cfg.Sessions.MaxPerUser,
		MaxStaleness:        cfg.Revocation.MaxStaleness,
		Argon2:              cfg.Password.Argon2.Params(),
		Hashing:             cfg.Budget(limit),
		Pepper:              string(cfg.Password.Pepper.Text),
		PreviousPeppers:     cfg.Password.PreviousPeppers.strings(),
		PortableArgon2:      cfg.Password.Argon2.Implementation == hashing.Portable,
		MinPasswordLength:   cfg.Password.MinLength,
		Blocklist:           blocklist,
		BlocklistWarns:      cfg.Development(),
		KeepsStrongerHashes: cfg.Development(),
		RegistrationClosed:  cfg.registrationClosed(),
		NameQuarantine:      cfg.Accounts.NameQuarantine,
		Mail:                cfg.mailRules(),
	}, nil
}

func readBlocklist(path string) (*authn.Blocklist, error) {
	if path == "" {
		return authn.EmbeddedBlocklist(), nil
	}
	text, _, err := readTrusted(path)
	if err != nil {
		return nil, err
	}
	text = bytes.TrimPrefix(text, []byte(byteOrderMark))
	if found := wrongEncoding(string(text)); found != "" {
		return nil, fmt.Errorf("%s %s", path, found)
	}
	return authn.ReadBlocklist(bytes.NewReader(text))
}

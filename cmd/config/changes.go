package config

import (
	"reflect"
	"slices"
)

// changeable returns the settings that can change while the server runs.
func changeable() []string {
	return []string{
		"server.trusted_origins", "server.cors.allowed_origins", "server.hsts", "server.admin_hosts", "server.admin_profiles",
		"jwt.secret", "jwt.secret_file", "jwt.previous_secrets", "jwt.previous_secrets_file",
		"sessions.max_per_user", "cookies.previous_domains",
		"password.argon2.memory", "password.argon2.iterations", "password.argon2.parallelism", "password.argon2.implementation",
		"password.pepper", "password.pepper_file", "password.previous_peppers", "password.previous_peppers_file",
		"password.min_length", "password.blocklist_file",
		"hashing.memory_budget", "hashing.max_wait",
		"limits.enabled", "limits.address.login", "limits.address.register", "limits.address.refresh", "limits.address.other",
		"limits.account.free_failures", "limits.account.max_delay", "limits.account.free_failures_anywhere", "limits.account.max_delay_anywhere",
		"limits.account.disable_password_after", "limits.installation.failures",
		"registration", "accounts.name_quarantine", "log.level",
		"vault.auth", "vault.mount", "vault.token_file", "vault.role_id", "vault.secret_id", "vault.secret_id_file", "vault.role", "vault.insecure",
		"vault.connect_timeout", "vault.refresh_interval", "vault.max_age",
	}
}

// Merge returns what holds once next is taken over as far as it can be, what that
// changes, and what needs a restart.
func Merge(running, next Loaded) (merged Loaded, changed, restart []string) {
	merged = running
	merged.Refs = next.Refs
	from, into, was := fieldsOf(&next.Settings), fieldsOf(&merged.Settings), fieldsOf(&running.Settings)
	changed, restart = []string{}, []string{}
	for _, key := range keys() {
		switch {
		case reflect.DeepEqual(from[key].Interface(), was[key].Interface()):
		case slices.Contains(changeable(), key):
			into[key].Set(from[key])
			changed = append(changed, key)
		default:
			restart = append(restart, key)
		}
	}
	return merged, changed, restart
}

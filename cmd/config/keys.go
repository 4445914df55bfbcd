package config

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"
)

const envPrefix = "AUTHCTL_"

// OperatorVariable names the operator, as --as does. It is no setting, because it describes a person
// and not the installation.
const OperatorVariable = "AUTHCTL_OPERATOR"

// aliases are the customary variables of some keys. The AUTHCTL_ variable of a key wins over its
// alias.
var aliases = [...]struct{ name, key string }{
	{"DATABASE_URL", "database.url"},
	{"DATABASE_URL_FILE", "database.url_file"},
	{"JWT_SECRET", "jwt.secret"},
	{"JWT_SECRET_FILE", "jwt.secret_file"},
	{"ACCESS_TOKEN_EXPIRATION", "tokens.access_ttl"},
	{"REFRESH_TOKEN_EXPIRATION", "tokens.refresh_ttl"},
	{"HOST", "server.host"},
	{"PORT", "server.port"},
	{"LOG_LEVEL", "log.level"},
}

// keyOf returns the key that a variable sets.
func keyOf(name string) (string, bool) {
	key, known := keysByVariable()[name]
	return key, known
}

// keysByVariable is made once: every command looks up each variable of its environment.
var keysByVariable = sync.OnceValue(func() map[string]string {
	all := map[string]string{}
	for _, key := range keys() {
		all[variableOf(key)] = key
	}
	for _, a := range aliases {
		all[a.name] = a.key
	}
	return all
})

func variableOf(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// isSection reports whether a key has settings below it.
func isSection(key string) bool {
	return slices.ContainsFunc(keys(), func(k string) bool { return strings.HasPrefix(k, key+".") })
}

// firstOf returns the first key of a section.
func firstOf(section string) string {
	all := keys()
	return all[slices.IndexFunc(all, func(k string) bool { return strings.HasPrefix(k, section+".") })]
}

func variableNames() []string {
	all := keys()
	for i, key := range all {
		all[i] = variableOf(key)
	}
	return all
}

// Nearest suggests the candidate that is most like a name.
func Nearest(name string, candidates []string) string {
	best, distance := "", len(name)/2+1
	for _, c := range candidates {
		if d := levenshtein.ComputeDistance(name, c); d < distance {
			best, distance = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean %s?", best)
}

package authn

import (
	"fmt"
	"slices"
	"strings"
)

// The max number and length of the roles of a user or a service account.
const (
	maxRoles      = 64
	maxRoleLength = 64 // bytes
)

// joinRoles returns roles in the form of [store.Rights].
func joinRoles(h holder, roles []string) (string, error) {
	if err := checkRoles(roles); err != nil {
		return "", err
	}
	roles = slices.Compact(slices.Sorted(slices.Values(roles)))
	if len(roles) > maxRoles {
		return "", refuse(CodeInvalidRequest, fmt.Sprintf("the %s would have %d roles, and may have %d", h, len(roles), maxRoles))
	}
	return strings.Join(roles, " "), nil
}

// checkRoles fails with [CodeInvalidRequest] unless each text can be a role.
func checkRoles(texts []string) error {
	for _, text := range texts {
		if IsRole(text) {
			continue
		}
		shown := truncate(text, maxRoleLength)
		if len(text) > maxRoleLength {
			shown += "…"
		}
		return refuse(CodeInvalidRequest, fmt.Sprintf("%q is no role: a role has 1 to %d characters of a-z 0-9 _ . : -", shown, maxRoleLength))
	}
	return nil
}

// IsRole reports whether a text can be a role: [a-z0-9_.:-]{1,64}.
func IsRole(text string) bool {
	if text == "" || len(text) > maxRoleLength {
		return false
	}
	for _, c := range []byte(text) {
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '_', c == '.', c == ':', c == '-':
		default:
			return false
		}
	}
	return true
}

package foreign

import (
	"fmt"
	"strings"
)

// notRead returns [ErrUnsupported] with its reason.
func notRead(why string) error {
	return fmt.Errorf("%w: it is %s; import the user without it, and have the user reset the password by mail", ErrUnsupported, why)
}

// unsupported returns why a hash of a known format is not read, though it may protect its password; "" for others.
func unsupported(encoded string) string {
	for _, format := range []struct{ prefix, why string }{
		{"$argon2d$", "of Argon2d, which is not made for passwords"}, {"argon2$argon2d$", "of Argon2d, which is not made for passwords"},
		{"$2x$", "of a bcrypt with a fault in characters that are not ASCII"},
		{"$sha1$", "crypt(3) with SHA-1, of NetBSD"},
	} {
		if strings.HasPrefix(encoded, format.prefix) {
			return format.why
		}
	}
	return ""
}

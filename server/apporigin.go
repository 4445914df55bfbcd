package server

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// appSchemes are the schemes of the origins that wrapped apps and extensions have. Pages that a
// browser loads from the network cannot have them.
var appSchemes = []string{"capacitor", "ionic", "tauri", "app", "chrome-extension", "moz-extension", "safari-web-extension"}

// tauriOnWindows is the origin of a Tauri app on Windows and Android. Names below localhost are this
// machine (RFC 6761, section 6.3).
const tauriOnWindows = "http://tauri.localhost"

// CheckClientOrigin is CheckOrigin that also accepts the origins of wrapped apps and extensions, such
// as capacitor://localhost.
func CheckClientOrigin(origin string) error {
	if isAppOrigin(origin) {
		return nil
	}
	scheme, _, _ := strings.Cut(origin, "://")
	for _, known := range appSchemes {
		if strings.EqualFold(scheme, known) {
			return fmt.Errorf("must be %s://HOST as the app sends it: lower case, nothing more", known)
		}
	}
	if err := CheckOrigin(origin); err != nil {
		return errors.New(err.Error() + ", or the origin of an app or extension, such as capacitor://localhost or chrome-extension://ID")
	}
	return nil
}

// isAppOrigin reports whether origin is that of a wrapped app or an extension.
func isAppOrigin(origin string) bool {
	if origin == tauriOnWindows {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme+"://"+u.Host != origin || u.Port() != "" || !isLabels(u.Host) {
		return false
	}
	return slices.Contains(appSchemes, u.Scheme)
}

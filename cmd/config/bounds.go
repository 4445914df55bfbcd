package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/server"
)

// printedBounds returns what config.example.yaml says of the bounds of a setting, "" for one without
// bounds: its range, or the bounds of the package that checks the value.
func printedBounds(key string, tag reflect.StructTag) string {
	bounds, unit, _ := strings.Cut(tag.Get("range"), " ")
	if from, to, is := strings.Cut(bounds, ".."); is {
		return strings.TrimSpace(from + " to " + to + " " + unit)
	}
	return packageBounds()[key]
}

// packageBounds returns the bounds that no tag has, as text by the keys of the settings.
func packageBounds() map[string]string {
	delay := func(most time.Duration) string {
		return fmt.Sprintf("%s to %s", shortDuration(authn.MinDelayCap), shortDuration(most))
	}
	return map[string]string{
		"jwt.issuer":                            fmt.Sprintf("%d bytes at most", maxInToken),
		"jwt.audience":                          fmt.Sprintf("%d bytes at most", maxInToken),
		"jwt.client_id":                         fmt.Sprintf("%d bytes at most", maxInToken),
		"cookies.previous_domains":              fmt.Sprintf("%d at most", server.MaxPreviousDomains),
		"password.argon2.memory":                ShowSize(hashing.MaxMemory<<10) + " at most",
		"password.argon2.iterations":            fmt.Sprintf("1 to %d", hashing.MaxIterations),
		"password.argon2.parallelism":           fmt.Sprintf("1 to %d", hashing.MaxParallelism),
		"limits.account.free_failures":          fmt.Sprintf("%d to %d", authn.MinFree, authn.MaxFree),
		"limits.account.max_delay":              delay(authn.MaxDelayCap),
		"limits.account.free_failures_anywhere": fmt.Sprintf("free_failures to %d", authn.MaxFreeAnywhere),
		"limits.account.max_delay_anywhere":     delay(authn.MaxDelayCapAnywhere),
		"limits.account.disable_password_after": fmt.Sprintf("free_failures to %d, or 0 for never", authn.MaxDisableAfter),
	}
}

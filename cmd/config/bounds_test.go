package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestThePrintedBoundsAreThoseThatAreChecked takes each value at a bound that config.example.yaml names, and the
// next one beyond. It is about bounds in tags, and about those that other packages define.
func TestThePrintedBoundsAreThoseThatAreChecked(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile(filepath.Join("..", "..", "config.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	bounds := printedIn(string(example))
	if len(bounds) < 40 {
		t.Fatalf("found %d bounds, want more: %v", len(bounds), bounds)
	}
	for _, b := range bounds {
		t.Run(b.key+" "+b.at, func(t *testing.T) {
			t.Parallel()
			if why := refusalOf(t, b.key, b.at); strings.Contains(why, "not "+b.at) || strings.Contains(why, "range") {
				t.Errorf("%s is refused: %s", b.at, why)
			}
			if why := refusalOf(t, b.key, b.beyond); why == "" && b.beyond != "0" { // of hashing.workers, 0 is auto
				t.Errorf("%s is allowed, and the bound is %s", b.beyond, b.at)
			}
		})
	}
}

// bound is the first or last value that a setting allows, and the next one beyond.
type bound struct{ key, at, beyond string }

var printedBound = regexp.MustCompile(`^( *)([a-z0-9_]+):(?: [^#]* # (?:(\w+) to )?([0-9]\w*)( characters)?( at most)?(?:, or .*)?)?$`)

// printedIn returns the bounds of numbers and durations in an example.
func printedIn(example string) (all []bound) {
	var path []string
	for line := range strings.Lines(example) {
		m := printedBound.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
		if m == nil {
			continue
		}
		path = append(path[:len(m[1])/2], m[2])
		key := strings.Join(path, ".")
		for step, at := range map[int]string{-1: m[3], 1: m[4]} {
			if n, err := strconv.Atoi(at); err == nil && m[6] == "" {
				all = append(all, bound{key, at, strconv.Itoa(n + step)})
			} else if d, err := time.ParseDuration(at); err == nil {
				all = append(all, bound{key, d.String(), (d + time.Duration(step)*time.Millisecond).String()})
			} else if n, err := ParseSize(at); err == nil {
				all = append(all, bound{key, at, fmt.Sprintf("%dKiB", n/1024+1)})
			}
		}
	}
	return all
}

// refusalOf returns why a value of a setting is refused, "" if it is not.
func refusalOf(t *testing.T, key, value string) string {
	t.Helper()
	name := envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
	_, err := Load(from(t, "environment: development", name+"="+value))
	all, _ := errors.AsType[Faults](err)
	if i := slices.IndexFunc(all, func(f Fault) bool { return f.Key == key || strings.HasPrefix(key, f.Key+".") }); i >= 0 {
		return all[i].Why
	}
	return ""
}

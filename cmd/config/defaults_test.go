package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/viper"
)

// TestExampleHasEveryDefault compares config.example.yaml with the defaults: the
// same keys, in the same order, with the same values.
func TestExampleHasEveryDefault(t *testing.T) {
	t.Parallel()
	path := filepath.Join("..", "..", "config.example.yaml")
	src := from(t, "")
	src.File = path
	example, plain := mustLoad(t, src), mustLoad(t, from(t, ""))
	if !reflect.DeepEqual(example.Settings, plain.Settings) {
		t.Errorf("the example makes\n%+v\nthe defaults\n%+v", example.Settings, plain.Settings)
	}
	v := viper.New()
	v.SetConfigFile(path)
	if err := v.ReadInConfig(); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys() {
		if !v.InConfig(key) && !slices.Contains(v.AllKeys(), key) {
			t.Errorf("the example lacks %s", key)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The order of the leaves' own names.
	var names, want []string
	for _, m := range regexp.MustCompile(`(?m)^ *([a-z0-9_]+):( \S.*)$`).FindAllStringSubmatch(string(b), -1) {
		names = append(names, m[1])
	}
	for _, key := range keys() {
		want = append(want, key[strings.LastIndexByte(key, '.')+1:])
	}
	if !slices.Equal(names, want) {
		t.Errorf("the example has the keys\n%q, want\n%q", names, want)
	}
}

func TestDevelopmentIsCheap(t *testing.T) {
	t.Parallel()
	cfg := mustLoad(t, from(t, "environment: development"))
	if cfg.Password.Argon2.Memory != 4<<20 || cfg.Origins["password.argon2.memory"] != "environment: development" {
		t.Errorf("got %d from %s", cfg.Password.Argon2.Memory, cfg.Origins["password.argon2.memory"])
	}
	cfg = mustLoad(t, from(t, "environment: development\npassword: {argon2: {memory: 32MiB}}"))
	if cfg.Password.Argon2.Memory != 32<<20 {
		t.Errorf("got %d, want what the file says", cfg.Password.Argon2.Memory)
	}
	if cfg = mustLoad(t, from(t, "")); cfg.Password.Argon2.Memory != 64<<20 || cfg.Tokens.AccessTTL != 15*time.Minute {
		t.Errorf("got %+v", cfg.Settings)
	}
}

func TestTheDefaultsAreWhatIsLoadedWithoutAnySource(t *testing.T) {
	t.Parallel()
	want, err := Load(Sources{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	got, err := Defaults()
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

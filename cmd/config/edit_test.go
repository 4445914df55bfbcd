package config

import (
	"errors"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func editArgon2(text string) (string, []Edit, error) {
	return EditScalars(text, []string{"password", "argon2"}, []string{"memory", "iterations", "parallelism"},
		map[string]string{"memory": "96MiB", "iterations": "2", "parallelism": "1"})
}

func TestACostIsPutIntoAFileAndNothingElseIsTouched(t *testing.T) {
	t.Parallel()
	const lines = "    memory: 96MiB\n    iterations: 2\n    parallelism: 1\n"
	for text, want := range map[string]string{
		"":               "password:\n  argon2:\n" + lines,
		"# only words\n": "# only words\npassword:\n  argon2:\n" + lines,
		"log: {level: warn} # as it was\n\nserver:\n  port:   81\n": "log: {level: warn} # as it was\n\nserver:\n  port:   81\npassword:\n  argon2:\n" + lines,
		"log:\n  level: warn": "log:\n  level: warn\npassword:\n  argon2:\n" + lines,
		"password:\n  min_length: 15 # NIST\nlog:\n  level: warn\n":                                            "password:\n  argon2:\n" + lines + "  min_length: 15 # NIST\nlog:\n  level: warn\n",
		"password:\n    # about it\n    min_length: 15\n":                                                      "password:\n    # about it\n    argon2:\n      memory: 96MiB\n      iterations: 2\n      parallelism: 1\n    min_length: 15\n",
		"password:\nlog:\n  level: warn\n":                                                                     "password:\n  argon2:\n" + lines + "log:\n  level: warn\n",
		"password:\n  argon2: # the cost\n  min_length: 9\n":                                                   "password:\n  argon2: # the cost\n" + lines + "  min_length: 9\n",
		"password:\n  argon2:\n    iterations: 3   # passes\n    memory: \"64MiB\" # a lot\n  min_length: 9\n": "password:\n  argon2:\n    parallelism: 1\n    iterations: 2   # passes\n    memory: 96MiB # a lot\n  min_length: 9\n",
		"password:\n  argon2:\n    memory: 64MiB\n    iterations: 3\n    parallelism: 4\n":                     "password:\n  argon2:\n" + lines,
		"password:\r\n  argon2:\r\n    memory: 64MiB\r\n    iterations: 3 \r\n    parallelism: '1'\r\n":        "password:\r\n  argon2:\r\n    memory: 96MiB\r\n    iterations: 2 \r\n    parallelism: 1\r\n",
		"---\npassword:\n  argon2:\n    memory: 64MiB\n    iterations: 3\n    parallelism: 1\n":                "---\npassword:\n  argon2:\n" + lines,
	} {
		got, edits, err := editArgon2(text)
		if err != nil || got != want || len(edits) == 0 {
			t.Errorf("%q: got %q, %v, want %q", text, got, err, want)
			continue
		}
		if again, edits, err := editArgon2(got); err != nil || again != got || len(edits) != 0 {
			t.Errorf("%q: again: got %q, %v", text, again, err)
		}
	}
}

func TestAFileThatCannotBeEditedSafelyIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"password: {argon2: {memory: 64MiB}}\n", "{password: {}}\n", "- a\n", "password: &p\n  argon2:\n    memory: 64MiB\n", "password:\n  argon2: &a\n    memory: 64MiB\n",
		"password:\n  argon2:\n    memory: &m 64MiB\n", "password:\n  argon2:\n    memory: |\n      64MiB\n", "password:\n  argon2:\n    memory:\n      64MiB\n    iterations: *x\n", "a: 1\n---\npassword: 1\n",
		"password: 1\n", "password:\n  argon2: [1]\n", "a: 'b\n", "password:\n  argon2:\n    memory: !!str 64MiB\n", "log:\t\n  level: warn\n", "a: 1\na: 2\npassword: x\n",
	} {
		if got, _, err := editArgon2(text); !errors.Is(err, errByHand) {
			t.Errorf("%q: got %q, %v", text, got, err)
		}
	}
}

func FuzzEditScalars(f *testing.F) {
	for _, text := range []string{"", "password:\n  argon2:\n    memory: 1MiB # x\n", "log: {level: warn}\r\npassword:\r\n  min_length: 9\r\n", "a:\n- b\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, _, err := editArgon2(text)
		if err != nil {
			return
		}
		var before, after map[string]any
		if yaml.Unmarshal([]byte(text), &before) != nil {
			return
		}
		if err := yaml.Unmarshal([]byte(got), &after); err != nil {
			t.Fatalf("%q became %q: %v", text, got, err)
		}
		inner := func(m map[string]any) map[string]any {
			for key, v := range m {
				if strings.EqualFold(key, "password") {
					p, _ := v.(map[string]any)
					for key, v := range p {
						if strings.EqualFold(key, "argon2") {
							a, _ := v.(map[string]any)
							return a
						}
					}
				}
			}
			return nil
		}
		if inner(after) == nil {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

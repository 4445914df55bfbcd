package config

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestADotenvValueIsTakenAsItIsWritten compares a line of .env with the same text in the
// environment.
func TestADotenvValueIsTakenAsItIsWritten(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]string{
		`JWT_SECRET=ab#cd`:                  `ab#cd`,
		`JWT_SECRET=ab##`:                   `ab##`,
		`JWT_SECRET=a=b==`:                  `a=b==`,
		`JWT_SECRET=a b	c`:                  `a b	c`,
		`JWT_SECRET=a"b'c`:                  `a"b'c`,
		`JWT_SECRET=a"`:                     `a"`,
		"JWT_SECRET=a`b`!&;~*":              "a`b`!&;~*",
		`JWT_SECRET='a#b #c $HOME ${X} \n'`: `a#b #c $HOME ${X} \n`,
		`JWT_SECRET='a\'`:                   `a\`,
		`JWT_SECRET='a"b'`:                  `a"b`,
		`JWT_SECRET=' a '`:                  ` a `,
		`JWT_SECRET="a#b #c 'd' e"`:         `a#b #c 'd' e`,
		`JWT_SECRET="a" `:                   `a`,
		`JWT_SECRET=`:                       ``,
		`JWT_SECRET=""`:                     ``,
		`JWT_SECRET=''`:                     ``,
		`  JWT_SECRET=a`:                    `a`,
		`export JWT_SECRET=a`:               `a`,
		"export\t JWT_SECRET='a'":           `a`,
		"\ufeffJWT_SECRET=a":                `a`,
		"JWT_SECRET=a\r":                    `a`,
		"JWT_SECRET='a'\r\nPORT=1\r":        `a`,
		"JWT_SECRET=a\n\n \t\n# PORT\n #x":  `a`,
		"JWT_SECRET=pä€ss":                  `pä€ss`,
	} {
		var bad Faults
		if got := parseDotenv(".env", line+"\n", &bad); len(bad) > 0 || got["JWT_SECRET"] != want {
			t.Errorf("%q: got %q, %v, want %q", line, got["JWT_SECRET"], bad, want)
		}
	}
}

func TestADotenvLineThatOtherProgramsReadOtherwiseIsRefusedWithItsNumber(t *testing.T) {
	t.Parallel()
	for line, says := range map[string]string{
		`JWT_SECRET=hunter2 # mine`:      "has a # that is a comment to some programs",
		"JWT_SECRET=hunter2\t#mine":      "has a # that is a comment",
		`JWT_SECRET=#hunter2`:            "has a # that is a comment",
		`JWT_SECRET= # hunter2`:          "has a # that is a comment",
		`JWT_SECRET=hunter2$HOME`:        "has a $, which some programs replace by another variable: put the value in single quotes",
		`JWT_SECRET=${hunter2}`:          "has a $",
		`JWT_SECRET=hunter2$`:            "has a $",
		`JWT_SECRET="hunter2$x"`:         "has a $",
		`JWT_SECRET="hunter2\n"`:         `has a \`,
		`JWT_SECRET="hunter2\"x"`:        `has a \`,
		`JWT_SECRET=hunter2\`:            `has a \`,
		`JWT_SECRET="hunter2`:            "has a quote that is not closed in the same line",
		`JWT_SECRET='hunter2"`:           "has a quote that is not closed in the same line",
		`JWT_SECRET='`:                   "has a quote that is not closed in the same line",
		`JWT_SECRET="hunter2" # mine`:    "has something after the closing quote",
		`JWT_SECRET='hunter2''x'`:        "has something after the closing quote",
		`JWT_SECRET='hunter2\'x'`:        "has something after the closing quote",
		`JWT_SECRET=hunter2 `:            "has a blank before or after the value",
		`JWT_SECRET= hunter2`:            "has a blank before or after the value",
		"JWT_SECRET=hunter2\t":           "has a blank before or after the value",
		"JWT_SECRET= ":                   "has a blank before or after the value",
		`JWT_SECRET =hunter2`:            "JWT_SECRET has a blank before the =",
		`JWT_SECRET: hunter2`:            "is neither NAME=VALUE nor a comment",
		`JWT_SECRET: hunter2=`:           "is neither NAME=VALUE nor a comment",
		`JWT_SECRET`:                     "is neither NAME=VALUE nor a comment",
		`export JWT_SECRET`:              "is neither NAME=VALUE nor a comment",
		`set JWT_SECRET=hunter2`:         "is neither NAME=VALUE nor a comment",
		`=hunter2`:                       "is neither NAME=VALUE nor a comment",
		`[hunter2]`:                      "is neither NAME=VALUE nor a comment",
		"PORT=1\rJWT_SECRET=hunter2":     "a carriage return stands within the line",
		"LOG_LEVEL=info":                 "LOG_LEVEL is given twice, first in line 2: remove one",
		"AUTHCTL_JWT_ISSUER=hunter2 # x": "AUTHCTL_JWT_ISSUER has a # that is a comment",
		"AUTHCTL_NOTHING=hunter2 # x":    "AUTHCTL_NOTHING has a # that is a comment",
		"OTHER=\"hunter2\nJWT_SECRET=\"": "the value of OTHER begins with a quote that is not closed",
		"OTHER='hunter2":                 "the value of OTHER begins with a quote that is not closed",
	} {
		src := from(t, "")
		write(t, filepath.Join(src.Dir, ".env"), "# settings\nLOG_LEVEL=warn\n"+line+"\n", 0o600)
		_, err := Load(src)
		all, _ := err.(Faults)
		if !slices.ContainsFunc(all, func(f Fault) bool { return strings.HasSuffix(f.Key, ".env:3") && strings.Contains(f.Why, says) }) ||
			strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: got %v, want .env:3: …%s…", line, err, says)
		}
	}
}

func TestEveryFaultyLineOfADotenvIsSaid(t *testing.T) {
	t.Parallel()
	src := from(t, "")
	write(t, filepath.Join(src.Dir, ".env"), "PORT=80 # x\nHOST=\"a\nLOG_LEVEL=$X\nnothing\n", 0o600)
	_, err := Load(src)
	for _, line := range []string{".env:1: PORT", ".env:2: HOST", ".env:3: LOG_LEVEL", ".env:4: is neither"} {
		if err == nil || !strings.Contains(err.Error(), line) {
			t.Errorf("got %v, want …%s…", err, line)
		}
	}
}

func TestLinesOfOtherProgramsInADotenvAreNotJudged(t *testing.T) {
	t.Parallel()
	var bad Faults
	got := parseDotenv(".env", strings.Join([]string{
		"NODE_OPTIONS = $A \\ # comment", "A.b-c=1", "A=1", "A=2", `GREETING="hello \"you\"" # x`,
		`KEY="-----BEGIN`, `  a=b`, `-----END" # done`, "X='a", "b'", `LAST=it's`, "PORT=7",
	}, "\n"), &bad)
	if len(bad) > 0 || len(got) != 1 || got["PORT"] != "7" {
		t.Errorf("got %q, %v, want PORT alone", got, bad)
	}
}

func TestADotenvInUTF16IsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range wrongEncodings("JWT_SECRET=hunter2\n") {
		if name == "UTF-8 with a byte order mark" {
			continue // which is no part of a value
		}
		src := from(t, "")
		write(t, filepath.Join(src.Dir, ".env"), text, 0o600)
		if _, err := Load(src); err == nil || !strings.Contains(err.Error(), ".env: ") || !strings.Contains(err.Error(), "UTF-16") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

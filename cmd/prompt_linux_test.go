package cmd

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/authctl/authctl/cmd/config"
)

// answer is what a person types at a prompt. If hidden is set, the person first waits until
// the terminal does not echo.
type answer struct {
	prompt, typed string
	hidden        bool
}

// talk is the standard error of an app, read in pieces.
type talk chan string

// Write implements io.Writer.
func (said talk) Write(b []byte) (int, error) {
	said <- string(b)
	return len(b), nil
}

// atTerminal runs do with a person at a terminal. It returns what the terminal echoed, and
// what the app printed.
func atTerminal(t *testing.T, answers []answer, do func(*app) error) (echoed, said string, err error) {
	t.Helper()
	keyboard, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	spoken := make(talk, 100)
	echo := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(keyboard) // ends with an error when the terminal closes
		echo <- string(b)
	}()
	typist := make(chan string, 1)
	go func() {
		var heard strings.Builder
		for text := range spoken {
			heard.WriteString(text)
			if len(answers) > 0 && strings.HasSuffix(text, answers[0].prompt) {
				for answers[0].hidden && echoes(t, tty) {
					runtime.Gosched()
				}
				keyboard.WriteString(answers[0].typed)
				answers = answers[1:]
			}
		}
		typist <- heard.String()
	}()
	err = do(&app{in: tty, out: io.Discard, err: spoken})
	close(spoken)
	said = <-typist
	tty.Close()
	echoed = <-echo
	keyboard.Close()
	return echoed, said, err
}

func echoes(t *testing.T, tty *os.File) bool {
	state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
	if err != nil {
		t.Error(err)
		return false
	}
	return state.Lflag&unix.ECHO != 0
}

func TestAPasswordIsAskedForTwiceAndNotShown(t *testing.T) {
	t.Parallel()
	for second, wrong := range map[string]bool{"hunter2secret": false, "hunter3secret": true} {
		var got string
		echoed, said, err := atTerminal(t, []answer{{"password: ", "hunter2secret\n", true}, {"again: ", second + "\n", true}},
			func(a *app) (err error) {
				got, err = passwordOptions{}.read(t.Context(), a)
				return err
			})
		if strings.Contains(echoed+said, "hunter") {
			t.Errorf("the password is shown in %q", echoed+said)
		}
		if p, ok := errors.AsType[*problem](err); wrong && (!ok || p.exit != exitUsage) {
			t.Errorf("two passwords that differ: got %v", err)
		}
		if !wrong && (err != nil || got != "hunter2secret") {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

// TestAnInterruptEndsThePrompt runs the program itself, on a terminal of its own,
// and types Ctrl-C.
func TestAnInterruptEndsThePrompt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "authctl.db")
	if _, said := runCommand(t, []string{"DATABASE_URL=sqlite:" + path}, "migrate", "up"); said == "" {
		t.Fatal("nothing was migrated")
	}
	for prompt, args := range map[string][]string{
		"password: ": {"user", "create", "alice"},
		"[y/N] ":     {"migrate", "down"},
	} {
		keyboard, tty, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer keyboard.Close()
		defer tty.Close()
		c := exec.Command("authctl", args...) // see TestMain
		c.Env = append(os.Environ(), "DATABASE_URL=sqlite:"+path)
		c.Stdin, c.Stdout, c.Stderr = tty, tty, tty
		c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		hidden := prompt == "password: "
		giveUp := func() { // the terminal ends when nobody has it open any more
			c.Process.Kill()
			tty.Close()
		}
		shown := readUntil(t, keyboard, prompt, giveUp)
		for hidden && echoes(t, tty) {
			runtime.Gosched()
		}
		keyboard.WriteString("\x03")
		shown += readUntil(t, keyboard, "interrupted\r\n", giveUp)
		if err := c.Wait(); c.ProcessState.ExitCode() != exitInterrupted {
			t.Errorf("%v: got %v after %q, want exit code 130", args, err, shown)
		}
		if !echoes(t, tty) || !strings.Contains(shown, "\r\nauthctl: interrupted\r\n") {
			t.Errorf("%v: left the terminal with echo %t after %q", args, echoes(t, tty), shown)
		}
	}
}

// readUntil returns what the terminal shows up to the end of text.
func readUntil(t *testing.T, keyboard *os.File, text string, giveUp func()) string {
	t.Helper()
	timer := time.AfterFunc(30*time.Second, giveUp)
	defer timer.Stop()
	var shown []byte
	for one := make([]byte, 1); !strings.HasSuffix(string(shown), text); shown = append(shown, one[0]) {
		if _, err := keyboard.Read(one); err != nil {
			t.Fatalf("%v after %q, want %q", err, shown, text)
		}
	}
	return string(shown)
}

func TestDestroyingIsAskedFor(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]bool{
		"y\n": true, "YES\n": true, " y \n": true, "n\n": false, "\n": false, "yep\n": false, "\x04": false, // end of file
	} {
		var ok bool
		_, said, err := atTerminal(t, []answer{{"[y/N] ", typed, false}}, func(a *app) (err error) {
			ok, err = confirmOptions{}.confirm(t.Context(), a, "delete user alice")
			return err
		})
		if ok != want || (err == nil) != want || said != "delete user alice? [y/N] " {
			t.Errorf("%q: got %t, %v after %q, want %t", typed, ok, err, said, want)
		}
		if !want && endingOf(err).exit != exitUsage {
			t.Errorf("%q: got exit code %d", typed, endingOf(err).exit)
		}
	}
}

func TestWhatConcernsEverybodyIsAskedForByAWord(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]bool{"everyone\n": true, " Everyone \n": true, "y\n": false, "yes\n": false, "\n": false} {
		var ok bool
		_, said, err := atTerminal(t, []answer{{"to do it: ", typed, false}}, func(a *app) (err error) {
			ok, err = confirmOptions{}.confirmWord(t.Context(), a, "end 3 sessions", "everyone")
			return err
		})
		if ok != want || (err == nil) != want || said != `end 3 sessions? type "everyone" to do it: ` {
			t.Errorf("%q: got %t, %v after %q, want %t", typed, ok, err, said, want)
		}
	}
}

func TestFlagsAnswerWithoutATerminal(t *testing.T) {
	t.Parallel()
	var said strings.Builder
	a := &app{in: strings.NewReader("y\n"), out: io.Discard, err: &said}
	if ok, err := (confirmOptions{yes: true}).confirm(t.Context(), a, "x"); !ok || err != nil || said.Len() > 0 {
		t.Errorf("--yes: got %t, %v, %q", ok, err, said.String())
	}
	if ok, err := (confirmOptions{}).confirm(t.Context(), a, "x"); ok || endingOf(err).exit != exitUsage {
		t.Errorf("nothing: got %t, %v", ok, err)
	}
	if ok, err := (confirmOptions{yes: true, dryRun: true}).confirm(t.Context(), a, "delete it"); ok || err != nil || said.String() != "authctl: would delete it\n" {
		t.Errorf("--dry-run: got %t, %v, %q", ok, err, said.String())
	}
	if _, err := (passwordOptions{}).read(t.Context(), a); endingOf(err).exit != exitUsage {
		t.Errorf("no password: got %v", err)
	}
}

func TestPasswordsFromElsewhere(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"secret": "secret", "secret\n": "secret", "secret\r\n": "secret", "two  words\n": "two  words", "two words\n\n": "", " two words": "",
		"": "", "\n": "", strings.Repeat("x", maxPassword+1): "",
	} {
		got, err := passwordOptions{stdin: true}.read(t.Context(), &app{in: strings.NewReader(given)})
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.20q: got %q, %v, want %q", given, got, err, want)
		}
	}
	one, two := generatePassword(), generatePassword()
	if len(one) != 26 || one == two {
		t.Errorf("generated %q and %q", one, two)
	}
}

// TestRevokingWhereNoServerHasBeenIsAskedForOnceMore: a person at a terminal is in the wrong
// folder, and gives --yes.
func TestRevokingWhereNoServerHasBeenIsAskedForOnceMore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "authctl.db")
	environ := []string{"DATABASE_URL=sqlite:" + path, "AUTHCTL_ENVIRONMENT=development"}
	runCommand(t, environ, "migrate", "up")
	question := "no server has used " + path + " within a day (it knows of no server at all): " +
		"is it the database that people sign in to? end 0 sessions of 0 users anyway? [y/N] "
	for typed, want := range map[string]int{"n\n": exitUsage, "y\n": exitOK} {
		_, said, err := atTerminal(t, []answer{{"anyway? [y/N] ", typed, false}}, func(a *app) error {
			a.sources = config.Sources{Environ: environ, Dir: t.TempDir(), Flags: map[string]string{}}
			root := newRoot(a)
			root.SetArgs([]string{"token", "revoke-all", "--everyone", "--yes"})
			return root.ExecuteContext(t.Context())
		})
		got := exitOK
		if err != nil {
			got = endingOf(err).exit
		}
		if got != want || strings.Count(said, question) != 1 || strings.Contains(said, "ended 0 sessions") != (want == exitOK) {
			t.Errorf("%q: got exit code %d, %v after %q, want %d", typed, got, err, said, want)
		}
	}
}

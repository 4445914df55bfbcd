// The program drives the sample for Go of docs/clients.md. Each line of standard input is a verb and its
// argument. It answers each with a line.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"example/session"
)

func main() {
	s := &session.Session{Save: func(token string) error {
		if token == "" {
			return os.Remove("stored")
		}
		return os.WriteFile("stored", []byte(token), 0o600)
	}}
	if stored, err := os.ReadFile("stored"); err == nil {
		s.Restore(string(stored))
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		verb, argument, _ := strings.Cut(lines.Text(), " ")
		said, err := do(s, verb, argument)
		var refused *session.Refused
		switch {
		case errors.Is(err, session.ErrSignedOut):
			said = "signed out"
		case errors.As(err, &refused):
			said = fmt.Sprint("refused ", refused.Status, " ", refused.Code)
		case err != nil:
			said = "error " + err.Error()
		}
		fmt.Println(strings.ReplaceAll(said, "\n", " "))
	}
}

func do(s *session.Session, verb, argument string) (string, error) {
	switch verb {
	case "login":
		return "ok", s.Login(argument, os.Getenv("PASSWORD"))
	case "logout":
		return "ok", s.Logout()
	case "get":
		return get(s, argument)
	}
	type result struct {
		said string
		err  error
	}
	results := make(chan result) // many
	for range 10 {
		go func() {
			said, err := get(s, argument)
			results <- result{said, err}
		}()
	}
	var last result
	for range 10 {
		if r := <-results; last.err == nil {
			last = r
		}
	}
	return last.said, last.err
}

func get(s *session.Session, url string) (string, error) {
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		return "", err
	}
	resp, err := s.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return fmt.Sprint(resp.StatusCode, " ", string(body)), err
}

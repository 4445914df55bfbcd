#!/bin/bash
# golang.org/x/oauth2 0.38.0: a token endpoint that is busy gets every request of a service twice.
#
# One expects: clientcredentials tries the secret in the body (RFC 6749, section 2.3.1) after the
# Basic header only when the answer says that the way was wrong: 401 invalid_client. An answer of 429
# or 503 with Retry-After says that the server has no time, so that one request is the end of it.
#
# Seen: as long as no request of a Config has succeeded, any refusal is taken for the wrong way. The second
# request follows at once, whatever Retry-After says. So all services that start while the
# endpoint is overloaded send twice as much, and a limit counts one wrong secret as two. After the
# first success one request is sent. AuthStyle: oauth2.AuthStyleInHeader avoids it.
#
# Output seen: "503 at the start: Basic, body", "after a success, 503: Basic" and "AuthStyleInHeader,
# 503 at the start: Basic".
#
# Needs Go. Works on loopback and in a temporary folder only. Exits 0 while it is as described.
set -e -o pipefail

DIR=$(mktemp -d)
trap 'chmod -R u+w "$DIR"; rm -rf "$DIR"' EXIT
cd "$DIR"
export GOFLAGS=-mod=mod
cat >go.mod <<'MOD'
module twice

go 1.26.0

require golang.org/x/oauth2 v0.38.0
MOD
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

func main() {
	var seen []string // how the secret came, for each request
	status := http.StatusOK
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		how := "body"
		if _, _, ok := r.BasicAuth(); ok {
			how = "Basic"
		}
		seen = append(seen, how)
		w.Header().Set("Content-Type", "application/json")
		if status != http.StatusOK {
			w.Header().Set("Retry-After", "30")
			w.WriteHeader(status)
			fmt.Fprint(w, `{"error":"temporarily_unavailable"}`)
			return
		}
		// Too short for the client to use it twice.
		fmt.Fprint(w, `{"access_token":"t","token_type":"Bearer","expires_in":1}`)
	}))
	defer endpoint.Close()
	ask := func(tokens oauth2.TokenSource, answer int) string {
		seen, status = nil, answer
		_, err := tokens.Token()
		if (err == nil) != (answer == http.StatusOK) {
			panic(fmt.Sprint(answer, err))
		}
		return strings.Join(seen, ", ")
	}
	config := func() *clientcredentials.Config {
		return &clientcredentials.Config{ClientID: "reports", ClientSecret: "secret", TokenURL: endpoint.URL}
	}

	tokens := config().TokenSource(context.Background())
	fmt.Println("503 at the start:", ask(tokens, 503))
	fmt.Println("429 at the start:", ask(tokens, 429))
	fmt.Println("200:", ask(tokens, 200))
	fmt.Println("after a success, 503:", ask(tokens, 503))
	told := config()
	told.AuthStyle = oauth2.AuthStyleInHeader
	fmt.Println("AuthStyleInHeader, 503 at the start:", ask(told.TokenSource(context.Background()), 503))
}
GO
go run . | tee said
diff - said <<'SAID'
503 at the start: Basic, body
429 at the start: Basic, body
200: Basic
after a success, 503: Basic
AuthStyleInHeader, 503 at the start: Basic
SAID

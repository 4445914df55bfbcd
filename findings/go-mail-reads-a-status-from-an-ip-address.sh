#!/bin/bash
# go-mail 0.8.1: the enhanced status code of a refused mail may be a part of an IP address.
#
# One expects: SendError.EnhancedStatusCode returns the code that the reply begins with (RFC 2034,
# section 4), and "" for a reply without one. RFC 3463 gives 5.1.1 the meaning "bad destination
# mailbox address", so that programs give an address up for good when they see it.
#
# Seen: go-mail searches the whole text of the reply for digits of that form. A server that offers
# ENHANCEDSTATUSCODES and refuses a client by a text of its own, as filters in front of a mail server
# do, often names the client: "550 Access denied for 10.5.1.1". The result is 5.1.1, although the
# mailbox exists and the next client would be served. Which client it is decides the code: 10.6.1.1
# gives none.
#
# Output seen: "550 Access denied for 10.5.1.1: enhanced code 5.1.1" and
# "550 Access denied for 10.6.1.1: enhanced code none".
#
# Needs Go. Works on loopback and in a temporary folder only. Exits 0 while it is as described.
set -e -o pipefail

DIR=$(mktemp -d)
trap 'chmod -R u+w "$DIR"; rm -rf "$DIR"' EXIT
cd "$DIR"
export GOFLAGS=-mod=mod
cat >go.mod <<'MOD'
module status

go 1.25.0
MOD
cat >main.go <<'GO'
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/wneessen/go-mail"
)

// serve answers one client, and refuses every recipient with the reply.
func serve(l net.Listener, reply string) {
	c, err := l.Accept()
	if err != nil {
		panic(err)
	}
	defer c.Close()
	fmt.Fprint(c, "220 mail.example ESMTP\r\n")
	for lines := bufio.NewScanner(c); lines.Scan(); {
		switch verb, _, _ := strings.Cut(lines.Text(), " "); verb {
		case "EHLO":
			fmt.Fprint(c, "250-mail.example\r\n250 ENHANCEDSTATUSCODES\r\n")
		case "RCPT":
			fmt.Fprint(c, reply, "\r\n")
		case "QUIT":
			fmt.Fprint(c, "221 2.0.0 bye\r\n")
			return
		default:
			fmt.Fprint(c, "250 2.0.0 fine\r\n")
		}
	}
}

func main() {
	for _, reply := range []string{"550 Access denied for 10.5.1.1", "550 Access denied for 10.6.1.1"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			panic(err)
		}
		go serve(l, reply)
		m := mail.NewMsg()
		if err := errors.Join(m.From("a@example.com"), m.To("b@example.com")); err != nil {
			panic(err)
		}
		m.Subject("hello")
		m.SetBodyString(mail.TypeTextPlain, "hello")
		c, err := mail.NewClient("127.0.0.1", mail.WithPort(l.Addr().(*net.TCPAddr).Port), mail.WithTLSPolicy(mail.NoTLS), mail.WithHELO("client.example"))
		if err != nil {
			panic(err)
		}
		var refused *mail.SendError
		if !errors.As(c.DialAndSendWithContext(context.Background(), m), &refused) {
			panic("it was not refused")
		}
		code := refused.EnhancedStatusCode()
		if code == "" {
			code = "none"
		}
		fmt.Printf("%s: enhanced code %s\n", reply, code)
	}
}
GO
go get github.com/wneessen/go-mail@v0.8.1 2>/dev/null
go run . | tee seen
grep -q '^550 Access denied for 10.5.1.1: enhanced code 5.1.1$' seen
grep -q '^550 Access denied for 10.6.1.1: enhanced code none$' seen

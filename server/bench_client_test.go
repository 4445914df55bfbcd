package server_test

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
)

// benchClient is one connection that speaks a minimal HTTP/1.1, because it shares the
// processors with the server.
type benchClient struct {
	conn            net.Conn
	in              *bufio.Reader
	out             []byte
	access, refresh string
}

func dialBench(b *testing.B, addr string) *benchClient {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return &benchClient{conn: conn, in: bufio.NewReader(conn)}
}

// do sends one request and reads its answer, keeping the cookies.
func (c *benchClient) do(method, path, body string, want int) error {
	c.out = append(c.out[:0], method...)
	c.out = append(c.out, ' ')
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: x\r\nUser-Agent: bench\r\nCookie: access_token="...)
	c.out = append(c.out, c.access...)
	c.out = append(c.out, "; refresh_token="...)
	c.out = append(c.out, c.refresh...)
	if body != "" {
		c.out = append(c.out, "\r\nContent-Type: application/json"...)
	}
	c.out = append(c.out, "\r\nContent-Length: "...)
	c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(c.out, body...)
	if _, err := c.conn.Write(c.out); err != nil {
		return err
	}
	return c.answer(want)
}

func (c *benchClient) answer(want int) error {
	status, length := 0, 0
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(line, []byte(": "))
		switch {
		case len(line) == 0:
			if _, err := c.in.Discard(length); err != nil {
				return err
			}
			if status != want {
				return fmt.Errorf("got %d, want %d", status, want)
			}
			return nil
		case status == 0:
			status, _ = strconv.Atoi(string(line[9:12]))
		case string(name) == "Content-Length":
			length, _ = strconv.Atoi(string(value))
		case string(name) == "Set-Cookie":
			cookie, _, _ := bytes.Cut(value, []byte(";"))
			key, token, _ := strings.Cut(string(cookie), "=")
			if key == "access_token" {
				c.access = token
			} else {
				c.refresh = token
			}
		}
	}
}

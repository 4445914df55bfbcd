package mail

import (
	"context"
	"crypto/tls"
	"net"
	"net/textproto"
	"strings"
	"sync"
	"testing"
)

// What a scripted server does at a step instead of its usual reply. Any other text is its reply.
const (
	closes = "closes" // the connection, before the command has an effect
	silent = "silent" // says nothing more
	loses  = "loses"  // the command has its effect, and its reply is lost
)

// steps is every step of a conversation, in order. RSET and QUIT come after the server has taken
// the mail.
var steps = []string{"greeting", "EHLO", "NOOP", "MAIL", "RCPT", "DATA", stepMessage, "RSET", "QUIT"}

// scripted is a mail server that does at each step what a test says.
type scripted struct {
	t       *testing.T
	url     URL
	ext     []string                                 // lines of its reply to EHLO
	tls     *tls.Config                              // for STARTTLS; nil for none
	does    func(connection int, step string) string // "" for the usual reply
	arrived chan string                              // gets the messages too, if it is set

	mu          sync.Mutex
	mute        func() // called when it falls silent
	connections int
	commands    []string // as received, of all connections
	taken       []string // messages
}

// newScripted starts a server. The changes are made before it takes a connection.
func newScripted(t *testing.T, does func(connection int, step string) string, changes ...func(*scripted)) *scripted {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &scripted{t: t, ext: []string{"8BITMIME", "SMTPUTF8"}, does: does, mute: func() {}}
	s.url = URL{Scheme: SchemeSMTP, Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port}
	for _, change := range changes {
		change(s)
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			open.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() { ln.Close(); open.Wait() })
	return s
}

// serve has one conversation.
func (s *scripted) serve(conn net.Conn) {
	defer func() { conn.Close() }()
	s.mu.Lock()
	s.connections++
	nth := s.connections
	s.mu.Unlock()
	text := textproto.NewConn(conn)
	usual := map[string]string{"greeting": "220 mail.example.test", "DATA": "354 go on", stepMessage: "250 2.0.0 taken", "QUIT": "221 bye", "STARTTLS": "220 go on", "AUTH": "235 welcome"}
	for step := "greeting"; ; {
		act := s.does(nth, step)
		if act == silent {
			if step == stepMessage {
				text.ReadDotBytes() // so that the client has seen the reply before
			}
			s.mu.Lock()
			mute := s.mute
			s.mu.Unlock()
			mute()
			text.ReadLine() // until the client hangs up
			return
		}
		if act == closes {
			return
		}
		reply := act
		if reply == "" || reply == loses {
			if reply = usual[step]; reply == "" {
				reply = "250 fine"
			}
			if step == "EHLO" {
				reply = "250-" + strings.Join(append([]string{"mail.example.test"}, s.ext...), "\r\n250-") + "\r\n250 HELP"
			}
		}
		if step == stepMessage {
			body, err := text.ReadDotBytes()
			if err != nil {
				return
			}
			if strings.HasPrefix(reply, "2") {
				s.mu.Lock()
				s.taken = append(s.taken, string(body))
				s.mu.Unlock()
				if s.arrived != nil {
					s.arrived <- string(body)
				}
			}
		}
		if act == loses || text.PrintfLine("%s", reply) != nil || step == "QUIT" {
			return
		}
		if step == "STARTTLS" && strings.HasPrefix(reply, "2") {
			conn = tls.Server(conn, s.tls)
			text = textproto.NewConn(conn)
		}
		if step == "DATA" && strings.HasPrefix(reply, "3") {
			step = stepMessage
			continue
		}
		line, err := text.ReadLine()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.commands = append(s.commands, line)
		s.mu.Unlock()
		command, _, _ := strings.Cut(line, " ")
		step = strings.ToUpper(command)
	}
}

// mutes calls f when the server falls silent.
func (s *scripted) mutes(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mute = f
}

// offers replaces the lines of the reply to EHLO.
func offers(ext ...string) func(*scripted) { return func(s *scripted) { s.ext = ext } }

func (s *scripted) messages() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.taken...)
}

// heard returns the commands that begin with a word, of all connections.
func (s *scripted) heard(word string) (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, line := range s.commands {
		if strings.HasPrefix(line, word) {
			lines = append(lines, line)
		}
	}
	return lines
}

// lateContext is a context whose deadline passes when a test says.
type lateContext struct {
	context.Context
	done chan struct{}
	once sync.Once
}

func newLate(ctx context.Context) *lateContext {
	return &lateContext{Context: ctx, done: make(chan struct{})}
}

func (c *lateContext) pass()                 { c.once.Do(func() { close(c.done) }) }
func (c *lateContext) Done() <-chan struct{} { return c.done }
func (c *lateContext) Err() error {
	select {
	case <-c.done:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

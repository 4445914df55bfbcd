package cmd_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestADeathInAnyMomentLosesNoSession kills a server while sessions are refreshed one after
// the other. Afterwards a client's token is still current, or it is the previous token and
// yields the successor that was lost.
func TestADeathInAnyMomentLosesNoSession(t *testing.T) {
	t.Parallel()
	endInAnyMoment(t, "1m", func(t *testing.T, p *process) { p.kill(t) })
}

// TestAStopInAnyMomentLosesNoAnswer stops the server with SIGTERM instead. Then no answer is
// lost, and no token needs a second try.
func TestAStopInAnyMomentLosesNoAnswer(t *testing.T) {
	t.Parallel()
	endInAnyMoment(t, "0s", func(t *testing.T, p *process) {
		p.command.Process.Signal(syscall.SIGTERM)
		<-p.ended
		if code := p.command.ProcessState.ExitCode(); code != 0 {
			t.Errorf("it ended with %d: %s", code, p.said(t))
		}
	})
}

func endInAnyMoment(t *testing.T, retryWindow string, end func(*testing.T, *process)) {
	onBothDatabases(t, func(t *testing.T, environ ...string) {
		dir := t.TempDir()
		environ = append(environ, "AUTHCTL_TOKENS_RETRY_WINDOW="+retryWindow)
		p := startServe(t, dir, environ...)
		const clients = 4
		all := make([]*client, clients)
		for i := range all {
			all[i] = newClient(p, string(rune('a'+i))+"lice")
			call(t, &all[i].Client, "POST", p.url+"/register", all[i].account(), nil, http.StatusCreated)
			all[i].signIn(t)
		}
		rounds := 3
		if soaking() {
			rounds = 40
		}
		for round := range rounds {
			var refreshing sync.WaitGroup
			busy := make(chan struct{}, clients*1000)
			for _, c := range all {
				c.node = p.url
				refreshing.Go(func() {
					for {
						resp, err := c.send("POST", "/refresh", "")
						if err != nil {
							return // it has ended
						}
						if resp.StatusCode != http.StatusOK {
							t.Errorf("in round %d: got %s", round, resp.Status)
							return
						}
						select {
						case busy <- struct{}{}:
						default:
						}
					}
				})
			}
			for range 10 + 7*round { // never at the same moment
				<-busy
			}
			end(t, p)
			refreshing.Wait()
			p = startServe(t, dir, environ...)
			for _, c := range all {
				c.node = p.url
				c.CloseIdleConnections()
				for range 2 { // the successor must be good for something, too
					if resp, err := c.send("POST", "/refresh", ""); err != nil || resp.StatusCode != http.StatusOK {
						t.Fatalf("in round %d: afterwards: got %v, %v", round, resp, err)
					}
				}
			}
		}
	})
}

// TestARevocationOutlivesADeath kills a server immediately after a revocation or a logout was
// confirmed.
func TestARevocationOutlivesADeath(t *testing.T) {
	t.Parallel()
	onBothDatabases(t, func(t *testing.T, environ ...string) {
		dir := t.TempDir()
		p := startServe(t, dir, environ...)
		alice, bob := newClient(p, "alice"), newClient(p, "bob")
		for _, c := range []*client{alice, bob} {
			call(t, &c.Client, "POST", p.url+"/register", c.account(), nil, http.StatusCreated)
			c.signIn(t)
		}
		access, refresh := bob.access, bob.refresh
		if resp, err := bob.send("POST", "/logout", ""); err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("logout: got %v, %v", resp, err)
		}
		bob.access, bob.refresh = access, refresh
		p.run(t, "token", "revoke-all", "--user", "alice", "--yes", "-o", "json")
		p.kill(t)
		p = startServe(t, dir, environ...)
		for _, c := range []*client{alice, bob} {
			c.node = p.url
			for method, path := range map[string]string{"GET": "/profile", "POST": "/refresh"} {
				if resp, err := c.send(method, path, ""); err != nil || resp.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s %s: got %v, %v, want 401", c.name, path, resp, err)
				}
			}
		}
	})
}

// TestTheDrainDelayTakesNobodysAnswerAway: a load balancer that queries /readyz has the whole
// delay to notice. The second signal cuts the delay short.
func TestTheDrainDelayTakesNobodysAnswerAway(t *testing.T) {
	t.Parallel()
	p := startServe(t, t.TempDir(), "AUTHCTL_SERVER_DRAIN_DELAY=10m")
	call(t, http.DefaultClient, "GET", p.url+"/readyz", "", nil, http.StatusOK)
	p.command.Process.Signal(syscall.SIGTERM)
	eventually(t, func() bool {
		resp, err := http.Head(p.url + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode == http.StatusServiceUnavailable
	})
	alice := newClient(p, "alice")
	call(t, &alice.Client, "POST", p.url+"/register", alice.account(), nil, http.StatusCreated)
	alice.signIn(t)
	p.environ = append(p.environ, "AUTHCTL_SERVER_PORT="+p.url[strings.LastIndex(p.url, ":")+1:])
	p.run(t, "health")
	if said, exit := p.fails(t, "health", "--ready"); exit != 6 || !strings.Contains(said, "shutting down") {
		t.Errorf("health --ready: exit %d, %s", exit, said)
	}
	eventually(t, func() bool { // once it has given the signal its meaning back
		p.command.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	})
}

// TestTheSecondSignalEndsAtOnce: the first signal waits for pending requests.
func TestTheSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	p := startServe(t, t.TempDir(), "AUTHCTL_LOG_LEVEL=info")
	address := strings.TrimPrefix(p.url, "http://")
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, slowLogin+"Content-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return strings.Contains(p.said(t), "request started") })
	p.command.Process.Signal(syscall.SIGTERM)
	eventually(t, func() bool { // it takes nobody in any more
		other, err := net.Dial("tcp", address)
		if err == nil {
			other.Close()
		}
		return err != nil
	})
	select {
	case <-p.ended:
		t.Fatalf("it did not wait: %s", p.said(t))
	default:
	}
	eventually(t, func() bool { // once it has given the signal its meaning back
		p.command.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
			return true
		default:
			return false
		}
	})
	if status, ok := p.command.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		t.Errorf("it ended with %v, want the signal", p.command.ProcessState)
	}
}

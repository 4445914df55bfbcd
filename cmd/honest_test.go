package cmd_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// honest is a client that behaves well, with its own address.
type honest struct {
	kept, fresh *http.Client // with a connection that is kept, and with a new one each time
	url, cookie string
}

func newHonest(t *testing.T, p *process) *honest {
	dial := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext
	h := &honest{
		kept:  &http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: time.Minute},
		fresh: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: time.Minute},
		url:   p.url + "/profile",
	}
	t.Cleanup(h.kept.CloseIdleConnections)
	const account = `{"username":"honest","password":"a password for scripts"}`
	call(t, h.kept, "POST", p.url+"/register", account, nil, http.StatusCreated)
	resp, err := h.kept.Post(p.url+"/login", "application/json", strings.NewReader(account))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for _, c := range resp.Cookies() {
		if c.Name == "access_token" {
			h.cookie = "access_token=" + c.Value
		}
	}
	return h
}

// ask sends one request on each of two connections, and returns the longer time, or the error.
func (h *honest) ask() (slowest time.Duration, err error) {
	for _, c := range []*http.Client{h.kept, h.fresh} {
		req, err := http.NewRequest("GET", h.url, nil)
		if err != nil {
			return 0, err
		}
		req.Header.Set("Cookie", h.cookie)
		began := time.Now()
		resp, err := c.Do(req)
		if err != nil {
			return 0, err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return 0, fmt.Errorf("got %s, %v", resp.Status, err)
		}
		slowest = max(slowest, time.Since(began))
	}
	return slowest, nil
}

// askUntil sends requests repeatedly. Each answer must arrive within five seconds, which is long for
// a busy machine and short for a server that waits for others. A request is tried up to three times.
func (h *honest) askUntil(t *testing.T, done <-chan struct{}) (asked, again int) {
	t.Helper()
	const bound = 5 * time.Second
	for pause := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-done:
			pause.Stop()
			return asked, again
		case <-pause.C:
		}
		took, err := h.ask()
		for tries := 1; (err != nil || took > bound) && tries < 3; tries++ {
			again++
			took, err = h.ask()
		}
		if err != nil || took > bound {
			t.Errorf("an honest request took %s, three times in a row: %v", took, err)
		}
		asked++
	}
}

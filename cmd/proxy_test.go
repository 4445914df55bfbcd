package cmd_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// find returns the path of the program, which Debian may have in a folder for root.
func (p proxy) find() (string, error) {
	for _, name := range []string{p.name, filepath.Join("/usr/sbin", p.name)} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("there is no %s: apt-get install nginx-light caddy", p.name)
}

// start runs the configuration of docs/forward-auth.md until the test ends, and returns its URL.
func (p proxy) start(t *testing.T, binary, dir string, replace map[string]string) string {
	t.Helper()
	block := printed(t, "forward-auth.md", p.name)
	for from, to := range replace {
		if !strings.Contains(block, from) {
			t.Fatalf("the block lacks %s", from)
		}
		block = strings.ReplaceAll(block, from, to)
	}
	address := freeAddress(t)
	p.startAt(t, binary, dir, block, address)
	return "http://" + address
}

// startAt runs a configuration until the test ends, at an address in place of the one that it names.
func (p proxy) startAt(t *testing.T, binary, dir, block, address string) {
	t.Helper()
	conf := filepath.Join(dir, p.name+".conf")
	if err := os.WriteFile(conf, []byte(p.conf(block, address, dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	program := exec.Command(binary, append(p.args, conf)...)
	program.Dir = dir
	program.Env = append(os.Environ(), "HOME="+dir)
	var said strings.Builder
	program.Stderr = &said
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { program.Wait(); close(ended) }()
	t.Cleanup(func() {
		program.Process.Signal(os.Interrupt)
		<-ended
		if t.Failed() {
			t.Logf("%s said: %s", p.name, said.String())
		}
	})
	until(t, p.name+" listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

func nginxConf(block, address, dir string) string {
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	return fmt.Sprintf(`%s daemon off; pid %s/nginx.pid; error_log stderr warn; worker_processes 1;
events {}
http { access_log off; client_body_temp_path %[2]s/b; proxy_temp_path %[2]s/p; fastcgi_temp_path %[2]s/f; uwsgi_temp_path %[2]s/u; scgi_temp_path %[2]s/s;
%[3]s
}
`, user, dir, strings.Replace(block, "listen 8080;", "listen "+address+";", 1))
}

func caddyConf(block, address, _ string) string {
	return "{\n\tadmin off\n\tauto_https off\n}\n" + strings.Replace(block, "example.com {", "http://"+address+" {", 1)
}

// freeAddress returns an address on which nobody listens. The system does not use its port for
// outgoing connections, of which there are thousands here.
func freeAddress(t *testing.T) string {
	t.Helper()
	for {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000)))
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
}

// until waits for a condition, which it checks a hundred times a second.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for began := time.Now(); !holds(); {
		if time.Since(began) > time.Minute { // a server that died is waited for, for 35 seconds
			t.Fatalf("waited in vain: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

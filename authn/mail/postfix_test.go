package mail

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// postfix is a Postfix of its own, which takes mail for alice@example.test and hands all on to a
// scripted server.
type postfix struct {
	t      *testing.T
	folder string
	url    URL // port of the usual service
	strict URL // of the one that checks the name in EHLO
	ca     string
}

// startPostfix starts a Postfix where Debian's is installed and AUTHCTL_TEST_POSTFIX is set. It
// needs root, because Postfix does.
func startPostfix(t *testing.T, next *scripted) *postfix {
	t.Helper()
	if os.Getenv("AUTHCTL_TEST_POSTFIX") == "" {
		t.Skip("AUTHCTL_TEST_POSTFIX is not set; set it where Debian's Postfix is installed, as root")
	}
	folder, err := os.MkdirTemp("", "postfix")
	if err != nil {
		t.Fatal(err)
	}
	p := &postfix{t: t, folder: folder, url: freeURL(t), strict: freeURL(t)}
	t.Cleanup(func() { os.RemoveAll(folder) })
	owner, err := user.Lookup("postfix")
	if err != nil {
		t.Fatalf("Postfix is not installed: %v", err)
	}
	uid, _ := strconv.Atoi(owner.Uid)
	for _, dir := range []string{folder, p.at("etc"), p.at("data"), p.at("spool")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(p.at("data"), uid, -1); err != nil {
		t.Fatal(err)
	}
	_, _, p.ca = certificateFiles(t, p.at("etc"))
	p.write("etc/rcpt", "alice x\nbob x\n")
	p.write("etc/access", "")
	p.write("etc/main.cf", p.mainCF(next))
	p.write("etc/master.cf", p.masterCF())
	p.run("check")
	t.Cleanup(func() {
		if out, err := exec.Command("postfix", "-c", p.at("etc"), "stop").CombinedOutput(); err != nil {
			t.Errorf("postfix stop: %v: %s", err, out)
		}
	})
	p.run("start") // returns when the services listen
	return p
}

func (p *postfix) at(name string) string { return filepath.Join(p.folder, name) }

func (p *postfix) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(p.at(name), []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *postfix) run(command string) {
	p.t.Helper()
	if out, err := exec.Command("postfix", "-c", p.at("etc"), command).CombinedOutput(); err != nil {
		log, _ := os.ReadFile(p.at("log"))
		p.t.Fatalf("postfix %s: %v: %s\n%s", command, err, out, log)
	}
}

func (p *postfix) mainCF(next *scripted) string {
	return strings.NewReplacer("DIR", p.folder, "NEXT", strconv.Itoa(next.url.Port)).Replace(`compatibility_level = 3.6
config_directory = DIR/etc
queue_directory = DIR/spool
data_directory = DIR/data
maillog_file = DIR/log
maillog_file_prefixes = DIR
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.test
mydestination = example.test
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps = texthash:DIR/etc/rcpt
local_transport = smtp:[127.0.0.1]:NEXT
relayhost = [127.0.0.1]:NEXT
smtp_tls_security_level = none
smtpd_tls_security_level = may
smtpd_tls_cert_file = DIR/etc/cert.pem
smtpd_tls_key_file = DIR/etc/key.pem
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:DIR/etc/access
max_use = 1
`)
}

// masterCF is that of Debian, without chroot and without the usual port.
func (p *postfix) masterCF() string {
	p.t.Helper()
	usual, err := os.ReadFile("/usr/share/postfix/master.cf.dist")
	if err != nil {
		p.t.Fatal(err)
	}
	text := regexp.MustCompile(`(?m)^smtp +inet .*\n`).ReplaceAllString(string(usual), "")
	text = regexp.MustCompile(`(?m)^(\S+ +\S+ +\S+ +\S+ +)y `).ReplaceAllString(text, "${1}n ")
	return text + fmt.Sprintf("127.0.0.1:%d inet n - n - - smtpd\n127.0.0.1:%d inet n - n - - smtpd\n"+
		"  -o smtpd_helo_required=yes\n  -o smtpd_helo_restrictions=reject_non_fqdn_helo_hostname\n", p.url.Port, p.strict.Port)
}

// freeURL is a server at a port where nobody listens.
func freeURL(t *testing.T) URL {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return URL{Scheme: SchemeSMTP, Host: "127.0.0.1", Port: ln.Addr().(*net.TCPAddr).Port}
}

package mail

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Scheme says where mails go.
type Scheme string

// The schemes.
const (
	SchemeSMTP  Scheme = "smtp"  // to a server, by STARTTLS
	SchemeSMTPS Scheme = "smtps" // to a server, by TLS from the first byte (RFC 8314)
	SchemeFile  Scheme = "file"  // into a folder
	SchemeLog   Scheme = "log"   // nowhere: the log shows the link
)

// Ports where no other is named (RFC 6409 and RFC 8314).
const (
	portSubmission  = 587
	portSubmissions = 465
)

// URL is where mails go, from [ParseURL].
type URL struct {
	Scheme   Scheme
	Host     string // a name, or an IP address without brackets; "" for a folder and the log
	Port     int
	Username string // "" for a server that asks for none
	Password string
	Folder   string // only for SchemeFile
}

// String returns the URL without user and password.
func (u URL) String() string {
	switch u.Scheme {
	case SchemeFile:
		return "file:" + u.Folder
	case SchemeLog:
		return "log:"
	default:
		return string(u.Scheme) + "://" + u.address()
	}
}

// GoString is String, so that %#v does not show the password either.
func (u URL) GoString() string { return u.String() }

// Loopback reports whether mails stay on this machine.
func (u URL) Loopback() bool {
	if u.Host == "" || strings.EqualFold(u.Host, "localhost") {
		return true
	}
	ip := net.ParseIP(u.Host)
	return ip != nil && ip.IsLoopback()
}

func (u URL) address() string { return net.JoinHostPort(u.Host, strconv.Itoa(u.Port)) }

// ParseURL reads smtp://USER:PASSWORD@HOST:PORT, the same with smtps:, file:FOLDER, or log:. User,
// password and port may be missing. Its errors contain no part of the text but the scheme and the
// port, because the rest may hold a password.
func ParseURL(text string) (URL, error) {
	scheme, rest, found := strings.Cut(text, ":")
	switch s := Scheme(strings.ToLower(scheme)); {
	case !found:
	case s == SchemeLog:
		if rest != "" {
			return URL{}, errors.New("log: has nothing after the colon")
		}
		return URL{Scheme: s}, nil
	case s == SchemeFile:
		return parseFolder(rest)
	case s == SchemeSMTP, s == SchemeSMTPS:
		if !strings.HasPrefix(rest, "//") {
			return URL{}, fmt.Errorf("write %s://HOST, with two slashes", s)
		}
		return parseServer(s, string(s)+":"+rest)
	}
	return URL{}, errors.New("smtp://, smtps://, file: or log: must come first")
}

func parseFolder(rest string) (URL, error) {
	if strings.HasPrefix(rest, "//") && !strings.HasPrefix(rest, "///") {
		return URL{}, errors.New("file: takes a folder of this machine: write file:FOLDER or file:///FOLDER")
	}
	folder := strings.TrimPrefix(rest, "//")
	if folder == "" {
		return URL{}, errors.New("file: needs a folder: write file:FOLDER")
	}
	return URL{Scheme: SchemeFile, Folder: folder}, nil
}

func parseServer(scheme Scheme, text string) (URL, error) {
	parsed, err := url.Parse(text)
	if err != nil { // not wrapped: it quotes the text
		return URL{}, errors.New("is no URL: write each special character of the user and the password as %XX, such as %40 for @ and %2F for /, " +
			"and an IPv6 address in brackets")
	}
	u := URL{Scheme: scheme, Host: parsed.Hostname(), Port: portSubmission, Username: parsed.User.Username()}
	if scheme == SchemeSMTPS {
		u.Port = portSubmissions
	}
	u.Password, _ = parsed.User.Password()
	switch {
	case u.Host == "":
		return URL{}, errors.New("names no mail server: write smtp://HOST")
	case parsed.Path != "" && parsed.Path != "/", parsed.RawQuery != "", parsed.ForceQuery, parsed.Fragment != "", strings.HasSuffix(text, "#"):
		return URL{}, errors.New("must end after the port: write / ? and # of a password as %2F %3F and %23")
	case (u.Username == "") != (u.Password == ""):
		return URL{}, errors.New("needs both a user and a password, or none of them: write smtp://USER:PASSWORD@HOST")
	case strings.ContainsAny(u.Host, " \t\r\n") || strings.ContainsAny(u.Username+u.Password, "\x00\r\n"):
		return URL{}, errors.New("must not contain blanks in the host, or control characters")
	}
	if port := parsed.Port(); port != "" {
		if u.Port, err = strconv.Atoi(port); err != nil || u.Port < 1 || u.Port > 65535 {
			return URL{}, fmt.Errorf("port %s: must be from 1 to 65535", port)
		}
	}
	if scheme == SchemeSMTP && u.Port == portSubmissions {
		return URL{}, errors.New("port 465 speaks TLS from the first byte: write smtps://")
	}
	return u, nil
}

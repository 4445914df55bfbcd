package mail

import (
	"fmt"
	"strings"
	"testing"
)

func TestParseURLReadsWhereMailsGo(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]URL{
		"smtp://mail.example.com":                 {Scheme: SchemeSMTP, Host: "mail.example.com", Port: 587},
		"SMTP://mail.example.com:25/":             {Scheme: SchemeSMTP, Host: "mail.example.com", Port: 25},
		"smtps://mail.example.com":                {Scheme: SchemeSMTPS, Host: "mail.example.com", Port: 465},
		"smtps://u:p@[::1]:1465":                  {Scheme: SchemeSMTPS, Host: "::1", Port: 1465, Username: "u", Password: "p"},
		"smtp://a@example.com:p%40%2F%3F%23@mx:1": {Scheme: SchemeSMTP, Host: "mx", Port: 1, Username: "a@example.com", Password: "p@/?#"},
		"smtp://a:p:q+r%25@mx":                    {Scheme: SchemeSMTP, Host: "mx", Port: 587, Username: "a", Password: "p:q+r%"},
		"file:mails":                              {Scheme: SchemeFile, Folder: "mails"},
		"file:/var/mails":                         {Scheme: SchemeFile, Folder: "/var/mails"},
		"file:///var/my mails":                    {Scheme: SchemeFile, Folder: "/var/my mails"},
		"log:":                                    {Scheme: SchemeLog},
	} {
		got, err := ParseURL(text)
		if err != nil || got != want {
			t.Errorf("ParseURL(%q) = %+v, %v", text, [1]any{got.Host}, err)
		}
	}
}

func TestParseURLSaysWhatIsWrongAndShowsNoPassword(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                "must come first",
		"mail.example.com":                "must come first",
		"http://u:xyzzy@x":                "must come first",
		"smtp:u:xyzzy@x":                  "two slashes",
		"smtp://u:xyzzy@":                 "names no mail server",
		"smtp://:xyzzy@x":                 "both a user and a password",
		"smtp://xyzzy@x":                  "both a user and a password",
		"smtp://u:@x":                     "both a user and a password",
		"smtp://u:xy/zzy@x":               "%XX",
		"smtp://u:xy?zzy@x":               "%XX",
		"smtp://u:xyzzy%zz@x":             "%XX",
		"smtp://u:xyzzy@x:12ab":           "%XX",
		"smtp://u:xyzzy@x/#":              "must end after the port",
		"smtp://u:xyzzy@x/folder":         "must end after the port",
		"smtp://u:xyzzy@x?tls=none":       "must end after the port",
		"smtp://u:xyzzy@x:0":              "from 1 to 65535",
		"smtp://u:xyzzy@x:65536":          "from 1 to 65535",
		"smtp://u:xyzzy@x:99999999999999": "from 1 to 65535",
		"smtp://u:xyzzy@x:465":            "smtps://",
		"smtp://u:xyzzy%0D%0A@x":          "control characters",
		"file:":                           "needs a folder",
		"file://host/folder":              "a folder of this machine",
		"log:xyzzy":                       "nothing after the colon",
	} {
		u, err := ParseURL(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseURL(%q) = %v, want an error with %q", text, err, want)
		} else if said := err.Error() + fmt.Sprintf("%v %+v %#v", u, u, u); strings.Contains(said, "zzy") {
			t.Errorf("ParseURL(%q) shows the password: %s", text, said)
		}
	}
}

func TestAPrintedURLShowsNoPassword(t *testing.T) {
	t.Parallel()
	u, err := ParseURL("smtp://alice:xyzzy@mail.example.com")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprintf("%v %+v %#v %s", u, u, u, &u), strings.Repeat("smtp://mail.example.com:587 ", 4); got+" " != want {
		t.Errorf("printed: %s", got)
	}
}

func TestOnlyThisMachineIsLoopback(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "127.0.0.1": true, "127.8.8.8": true, "::1": true, "": true,
		"mail.example.com": false, "10.0.0.1": false, "localhost.example.com": false, "0.0.0.0": false,
	} {
		if got := (URL{Scheme: SchemeSMTP, Host: host}).Loopback(); got != want {
			t.Errorf("Loopback of %q is %v", host, got)
		}
	}
}

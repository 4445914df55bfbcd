package authn

import "testing"

func TestNetworksAreReadAsThoseOfClients(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"203.0.113.7":          "203.0.113.7/32",
		"203.0.113.0/24":       "203.0.113.0/24",
		"::ffff:203.0.113.7":   "203.0.113.7/32",
		"::ffff:127.0.0.0/104": "127.0.0.0/8",
		"::ffff:127.0.0.1/128": "127.0.0.1/32",
		"::ffff:0:0/96":        "0.0.0.0/0",
		"::ffff:7f00:0/104":    "127.0.0.0/8",
		"2001:db8::/32":        "2001:db8::/32",
		"fe80::1%eth0":         "fe80::1/128",
		"::/0":                 "::/0",
		"::ffff:0:0/95":        "",
		"::ffff:127.0.0.0/8":   "",
		"127.0.0.0/33":         "",
		"here":                 "",
		"":                     "",
	} {
		got, err := ParseNetwork(in)
		if (err == nil) != (want != "") || (err == nil && got.String() != want) {
			t.Errorf("%q: got %s, %v, want %s", in, got, err, want)
		}
	}
}

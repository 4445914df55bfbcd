package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/authctl/authctl/store"
)

// TestEveryActionIsInTheList reads the constants from the source, where one may be added.
func TestEveryActionIsInTheList(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []store.Action
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if name, ok := spec.Type.(*ast.Ident); ok && name.Name == "Action" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, store.Action(text))
		}
		return true
	})
	listed := store.Actions()
	slices.Sort(declared)
	slices.Sort(listed)
	if len(declared) == 0 || !slices.Equal(declared, listed) {
		t.Errorf("declared are %v, listed %v", declared, listed)
	}
}

func TestTheTextOfANetworkBeginsEachOfItsAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		network, text string
		whole         bool
		addresses     []string
	}{
		{"192.0.2.7/32", "192.0.2.7", true, []string{"192.0.2.7"}},
		{"192.0.2.0/24", "192.0.2.", false, []string{"192.0.2.1", "192.0.2.255", "::ffff:192.0.2.9"}},
		{"172.16.0.0/12", "172.", false, []string{"172.16.0.1", "172.31.255.255"}},
		{"0.0.0.0/0", "", false, []string{"1.2.3.4"}},
		{"2001:db8::1/128", "2001:db8::1", true, []string{"2001:db8::1", "2001:db8::1%eth0"}},
		{"2001:db8::/32", "2001:db8:", false, []string{"2001:db8::1", "2001:db8:1::"}},
		{"2001:db8:0:1::/64", "2001:db8:", false, []string{"2001:db8:0:1::", "2001:db8:0:1:2:3:4:5"}},
		{"2001:0:0:1::/64", "2001:", false, []string{"2001:0:0:1::", "2001:0:0:1:2::"}},
		{"2001:db8:a:b00::/56", "2001:db8:a:", false, []string{"2001:db8:a:bff::"}},
		{"::/0", "", false, []string{"::1", "fe80::1"}},
		{"::/64", "", false, []string{"::1", "::1:0:0:0"}},
		{"fe80::/10", "", false, []string{"fe80::1", "febf::1%eth0"}},
	} {
		p := store.EventPage{From: netip.MustParsePrefix(tt.network)}
		if text, whole := p.AddressText(); text != tt.text || whole != tt.whole {
			t.Errorf("%s: got %q, %t", tt.network, text, whole)
		}
		for _, address := range tt.addresses {
			ip := netip.MustParseAddr(address).Unmap()
			if !p.FromNetwork(address) || !strings.HasPrefix(ip.String(), tt.text) {
				t.Errorf("%s is not in %s", address, tt.network)
			}
		}
		if p.FromNetwork("") || p.FromNetwork("203.0.113.1") != (tt.network == "0.0.0.0/0") {
			t.Errorf("%s has what it has not", tt.network)
		}
	}
}

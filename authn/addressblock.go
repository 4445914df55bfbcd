package authn

import (
	"errors"
	"fmt"
	"net/netip"
)

// AddressBlock returns what counts as one client address: an IPv4 address, or the /64 of an
// IPv6 address, of which a single client has them all. An IPv4 address that a translator has
// put into 64:ff9b::/96 (RFC 6052) counts as itself. The zero Prefix stands for none.
func AddressBlock(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		if b := ip.As16(); [12]byte(b[:]) == [12]byte{1: 0x64, 2: 0xff, 3: 0x9b} {
			ip = netip.AddrFrom4([4]byte(b[12:]))
		}
	}
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	block, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return block
}

// WiderBlock is a network of IPv6 addresses that belongs to one customer of many providers.
type WiderBlock struct {
	Prefix netip.Prefix
	Times  int // as large as the budget of an address block
}

// WiderBlocks returns the /56 and the /48 of an IPv6 address block, whose addresses together
// may do what eight and sixteen single ones may. Otherwise whoever has a /48 would have 65,536
// budgets. A /56 has half of it, so that one customer cannot use up what its neighbours in the
// /48 need. An IPv4 address has none.
func WiderBlocks(block netip.Prefix) []WiderBlock {
	if !block.IsValid() || block.Addr().Is4() {
		return nil
	}
	return []WiderBlock{
		{netip.PrefixFrom(block.Addr(), 56).Masked(), 8},
		{netip.PrefixFrom(block.Addr(), 48).Masked(), 16},
	}
}

// BlockName is how a block is written: 192.0.2.7, or 2001:db8::/64; "" for none.
func BlockName(block netip.Prefix) string {
	switch {
	case !block.IsValid():
		return ""
	case block.IsSingleIP():
		return block.Addr().String()
	default:
		return block.String()
	}
}

// ParseBlock reads what a person calls an address or a block, and returns the block that it
// belongs to.
func ParseBlock(s string) (netip.Prefix, error) {
	network, err := ParseNetwork(s)
	block := AddressBlock(network.Addr())
	if err != nil || (!network.IsSingleIP() && block.Bits() != network.Bits()) {
		return netip.Prefix{}, refuse(CodeInvalidRequest, fmt.Sprintf("%q is neither an address nor the /64 of an IPv6 address", truncate(s, 64)))
	}
	return block, nil
}

// ParseNetwork reads a network, or an address as the network that is it alone. What is
// written as IPv4-mapped IPv6 (RFC 4291, section 2.5.5.2) becomes IPv4, which addresses of
// clients are.
func ParseNetwork(s string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(s)
	if ip, notAddress := netip.ParseAddr(s); notAddress == nil {
		network, err = netip.PrefixFrom(ip.WithZone(""), ip.BitLen()), nil
	}
	if err != nil {
		return netip.Prefix{}, err
	}
	return UnmapNetwork(network)
}

var errHalfMapped = errors.New("a network in ::ffff:0:0/96 must have a length of 96 or more: it is one of IPv4")

// UnmapNetwork returns an IPv4-mapped network as the one of IPv4, and any other as it is. It
// fails for one that begins within the mapped ones and is larger.
func UnmapNetwork(network netip.Prefix) (netip.Prefix, error) {
	const mapped = 96 // bits before the IPv4 address
	switch {
	case !network.Addr().Is4In6():
		return network, nil
	case network.Bits() < mapped:
		return netip.Prefix{}, errHalfMapped
	default:
		return netip.PrefixFrom(network.Addr().Unmap(), network.Bits()-mapped), nil
	}
}

package authn

import (
	"errors"
	"fmt"
	"net/netip"
)

// AddressBlock returns the network that counts as one client address: an IPv4 address, or the /64
// of an IPv6 address, because a single client usually has a whole /64. An IPv4 address in
// 64:ff9b::/96 (RFC 6052), put there by a translator, counts as that IPv4 address. The zero Prefix
// stands for no address.
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

// WiderBlock is an IPv6 network that many providers assign to one customer.
type WiderBlock struct {
	Prefix netip.Prefix
	Times  int // its budget, as a multiple of an address block's
}

// WiderBlocks returns the /56 and the /48 of an IPv6 address block, with budgets of 8 and 16
// blocks. Without them a client with a /48 would have 65,536 budgets. The /56 has half of the /48's
// budget, so that one customer cannot use up what its neighbours need. An IPv4 address has none.
func WiderBlocks(block netip.Prefix) []WiderBlock {
	if !block.IsValid() || block.Addr().Is4() {
		return nil
	}
	return []WiderBlock{
		{netip.PrefixFrom(block.Addr(), 56).Masked(), 8},
		{netip.PrefixFrom(block.Addr(), 48).Masked(), 16},
	}
}

// BlockName returns a block as text: 192.0.2.7, or 2001:db8::/64; "" for none.
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

// ParseBlock parses an address or a block from a person, and returns the address block that it
// belongs to.
func ParseBlock(s string) (netip.Prefix, error) {
	network, err := ParseNetwork(s)
	block := AddressBlock(network.Addr())
	if err != nil || (!network.IsSingleIP() && block.Bits() != network.Bits()) {
		return netip.Prefix{}, refuse(CodeInvalidRequest, fmt.Sprintf("%q is neither an address nor the /64 of an IPv6 address", truncate(s, 64)))
	}
	return block, nil
}

// ParseNetwork parses a network, or an address as a network of one. It converts IPv4-mapped IPv6
// (RFC 4291, section 2.5.5.2) to IPv4, because client addresses are converted too.
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

// UnmapNetwork converts an IPv4-mapped network to IPv4 and returns any other unchanged. It fails
// for a network that begins in the mapped range and is larger than it.
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

package authn

import (
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
	ip, err := netip.ParseAddr(s)
	if err != nil {
		prefix, perr := netip.ParsePrefix(s)
		if perr != nil || AddressBlock(prefix.Addr()).Bits() != prefix.Bits() {
			return netip.Prefix{}, refuse(CodeInvalidRequest, fmt.Sprintf("%q is neither an address nor the /64 of an IPv6 address", truncate(s, 64)))
		}
		ip = prefix.Addr()
	}
	return AddressBlock(ip), nil
}

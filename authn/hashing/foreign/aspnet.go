package foreign

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
)

const (
	aspnetKey    = 32
	aspnetV2     = 1 + 16 + aspnetKey // bytes: version, salt, key
	aspnetV2Runs = "1000"
	aspnetHead   = 1 + 3*4 // bytes before the salt in version 3
	maxASPNET    = 200     // bytes of all
)

// isASPNET recognizes the base64 of a hash of ASP.NET Identity.
func isASPNET(encoded string) bool {
	_, ok := decodeASPNET(encoded)
	return ok
}

func decodeASPNET(encoded string) ([]byte, bool) {
	if len(encoded) > maxASPNET || len(encoded)%4 != 0 {
		return nil, false
	}
	b, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || len(b) < aspnetV2 {
		return nil, false
	}
	return b, b[0] == 0 && len(b) == aspnetV2 || b[0] == 1 && binary.BigEndian.Uint32(b[1:]) <= 2
}

// parseASPNET reads version 3, which has its digest, iterations and length of the salt, and version 2,
// which has HMAC-SHA-1 and 1,000 iterations (github.com/dotnet/aspnetcore, PasswordHasher.cs).
func parseASPNET(encoded string, maxMemory int64) (Hash, error) {
	b, ok := decodeASPNET(encoded)
	if !ok || base64.StdEncoding.EncodeToString(b) != encoded {
		return Hash{}, ErrCorrupt
	}
	if b[0] == 0 {
		return pbkdf2Hash("sha1", aspnetV2Runs, b[1:17], b[17:], aspnetKey, maxMemory)
	}
	digest := [...]string{"sha1", "sha256", "sha512"}[binary.BigEndian.Uint32(b[1:])]
	iterations := strconv.FormatUint(uint64(binary.BigEndian.Uint32(b[5:])), 10)
	size := binary.BigEndian.Uint32(b[9:])
	if int64(size) != int64(len(b)-aspnetHead-aspnetKey) {
		return Hash{}, ErrCorrupt
	}
	salt, key := b[aspnetHead:aspnetHead+size], b[aspnetHead+size:]
	return pbkdf2Hash(digest, iterations, salt, key, aspnetKey, maxMemory)
}

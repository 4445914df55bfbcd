package foreign

import "encoding/base64"

// bcryptBase64 is bcrypt's own base64.
var bcryptBase64 = base64.NewEncoding("./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789").WithPadding(base64.NoPadding)

// parseAdonisBcrypt reads v=98$r=10$SALT$TAG of AdonisJS: bcrypt's $2b$, as 98 is the letter b, with salt and
// tag in standard base64.
func parseAdonisBcrypt(rest string, maxMemory int64) (Hash, error) {
	parts, err := split(rest, 4)
	if err != nil {
		return Hash{}, err
	}
	version := map[string]string{"v=97": "$2a$", "v=98": "$2b$"}[parts[0]]
	o, err := options(parts[1], "r")
	if err != nil || version == "" {
		return Hash{}, ErrCorrupt
	}
	salt, tag, err := decodePair(parts[2], parts[3])
	if err != nil {
		return Hash{}, err
	}
	if len(salt) != 16 || len(tag) != 23 {
		return Hash{}, ErrCorrupt
	}
	return bcryptHash(version+twoDigits(o["r"])+"$"+bcryptBase64.EncodeToString(salt)+bcryptBase64.EncodeToString(tag), maxMemory, bcryptForms)
}

package authn

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// checkStranger refuses folded names that the public may not register. They resemble an operator, a
// program or another user; or code takes them for no name, or a command line for a flag. Operators
// may assign them.
func checkStranger(folded string) error {
	if isReserved(folded) {
		return refuse(CodeInvalidUsername, "the username is reserved, or looks like one that is; choose another one")
	}
	if strings.HasPrefix(folded, "-") || !strings.ContainsFunc(folded, isLetterOrNumber) {
		return refuse(CodeInvalidUsername, "the username must have a letter or a digit, and not begin with a dash")
	}
	return checkScripts(folded)
}

func isLetterOrNumber(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }

func isReserved(folded string) bool {
	role, word := roleSkeleton(folded), skeleton(folded)
	return slices.ContainsFunc(roleNames(), func(name string) bool { return roleSkeleton(name) == role }) || slices.Contains(wordNames(), word)
}

// roleNames returns the names that people take for an operator, or for a program that speaks for
// one.
func roleNames() []string {
	return []string{
		"admin", "administrator", "root", "superuser", "sysadmin", "system", "operator", "owner", "support", "security", "help",
		"postmaster", "hostmaster", "webmaster", "abuse", "noreply", "daemon", "nobody", "anonymous", "guest", "authctl",
	}
}

// wordNames returns the names that code may take for something else, such as null.
func wordNames() []string {
	return []string{"me", "self", "null", "nil", "none", "undefined", "true", "false", "nan"}
}

// skeleton returns a folded name with letters that look like ASCII replaced by ASCII, and without
// punctuation at its ends. Names with the same skeleton are confusable, after UTS 39, section 4,
// for names that resemble ASCII.
func skeleton(folded string) string {
	return strings.TrimFunc(lookalikes(folded), func(r rune) bool { return !isLetterOrNumber(r) })
}

// roleSkeleton is a coarser skeleton. It also ignores accents, all punctuation, and the difference
// between i, l and 1. It replaces the pairs of letters that look like m and w.
func roleSkeleton(folded string) string {
	bare := strings.Map(func(r rune) rune {
		switch {
		case r == 'i', r == '|':
			return 'l'
		case !isLetterOrNumber(r): // marks too
			return -1
		}
		return r
	}, lookalikes(norm.NFD.String(folded)))
	return strings.NewReplacer("rn", "m", "vv", "w").Replace(bare)
}

// lookalikes replaces letters by the ASCII letters that they look like.
func lookalikes(s string) string {
	return strings.Map(func(r rune) rune {
		for _, row := range lookalikeTable() {
			if strings.ContainsRune(row[1:], r) {
				return rune(row[0])
			}
		}
		return r
	}, s)
}

// lookalikeTable returns strings of one ASCII letter followed by those that can be taken for it in
// a folded name, which has no capitals and no compatibility characters. It is a selection, for
// names in a single script, from what Unicode calls confusable (UTS 39, section 4), plus letters
// that differ by a stroke or a hook.
func lookalikeTable() []string {
	return []string{
		"aɑᴀαаꭺꓮⲁ",
		"bʙƀɓƅβвьꮟꓐⲃ",
		"cᴄƈсҫꮯꓚⲥ",
		"dᴅđɗɖðԁꭰꓓ",
		"eᴇɇɛεеҽєꭼꓰⲉ",
		"fꜰƒքꓝ",
		"gɢɡɠǥցꮐꓖ",
		"hʜħɦһћђհнꮋꮒꓧⲏ",
		"iıɩɪɨιіꭵꓲⲓ",
		"jᴊɉȷϳјյꭻꓙ",
		"kᴋƙĸκкқҝԟꮶꓗⲕ",
		"l1ʟłƚɫɭǀӏꮮꓡⳑוןا",
		"mᴍɱмꮇꓟⲙ",
		"nɴŋɲɳƞηпոռꓠⲛ",
		"o0ᴏøɵοσоөօꓳⲟסه٥۵߀०০੦૦௦౦೦൦๐໐၀ဝ",
		"pᴘƥρрҏꮲꓑⲣ",
		"qꞯʠԛզգ",
		"rʀɍɼɽгᴦꭱꮢꓣⲅ",
		"sꜱʂƽѕꮪꓢ",
		"tᴛŧƭʈτтҭꭲꓔⲧ",
		"uᴜʉʋυμսꓴ",
		"vᴠνѵꮩꓦ",
		"wᴡɯωѡԝաꮃꮤꓪⲱ",
		"xχхҳꓫⲭ",
		"yʏɏƴγуүყꭹꓬⲩ",
		"zᴢƶʐȥꮓꓜⲍ",
	}
}

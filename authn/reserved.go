package authn

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// checkStranger refuses folded names that nobody may register who is a stranger: those that
// others take for an operator's, for a program's or for another user's, that code takes for
// none, or a command line for a flag. An operator may give them.
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

// roleNames are what people take for an operator, or for a program that speaks for one.
func roleNames() []string {
	return []string{
		"admin", "administrator", "root", "superuser", "sysadmin", "system", "operator", "owner", "support", "security", "help",
		"postmaster", "hostmaster", "webmaster", "abuse", "noreply", "daemon", "nobody", "anonymous", "guest", "authctl",
	}
}

// wordNames are what code takes for something else than a name.
func wordNames() []string {
	return []string{"me", "self", "null", "nil", "none", "undefined", "true", "false", "nan"}
}

// skeleton returns a folded name with the letters that look like those of ASCII replaced by
// them, and without punctuation at its ends: names with one skeleton are confusable, after
// UTS 39, section 4, for names that resemble ASCII.
func skeleton(folded string) string {
	return strings.TrimFunc(lookalikes(folded), func(r rune) bool { return !isLetterOrNumber(r) })
}

// roleSkeleton is coarser: names that differ in accents, in punctuation anywhere, or in
// i, l and 1 have the same. The letters m and w may be written with two.
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

// lookalikes replaces letters by those of ASCII that they look like.
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

// lookalikeTable has a letter of ASCII, and then those that can be taken for it in a folded
// name, where capitals and compatibility characters do not occur. It is a selection, for names
// that are written in one script throughout, of what Unicode calls confusable (UTS 39,
// section 4), with letters that differ by a stroke or a hook.
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

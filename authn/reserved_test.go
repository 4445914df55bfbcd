package authn

import "testing"

func TestAStrangerCannotRegisterAReservedNameNorOneThatLooksLikeIt(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		for what, name := range map[string]string{
			"itself":                        "admin",
			"capitals":                      "ADMIN",
			"full width":                    "ａｄｍｉｎ",
			"a Cyrillic letter":             "аdmin",
			"a dotless i":                   "admın",
			"a full stop after it":          "admin.",
			"a full stop before it":         ".admin",
			"punctuation within":            "ad.min",
			"underscores":                   "__root__",
			"a digit one":                   "adm1n",
			"a small l":                     "admln",
			"a vertical bar":                "adm|n",
			"digits zero":                   "r00t",
			"an accent":                     "ádmin",
			"a combining dot below":         "admin\u0323",
			"small capitals":                "ᴀᴅᴍɪɴ",
			"strokes":                       "røøt",
			"r and n for m":                 "adrnin",
			"v for w, twice":                "ovvner",
			"Cyrillic throughout":           "ѕуѕтем",
			"Greek throughout":              "αβυѕε",
			"Lisu throughout":               "ꓮꓓꓟꓲꓠ",
			"Cherokee":                      "ꭺꭰꮇꭵɴ",
			"no dash":                       "no-reply",
			"another separator":             "no_reply",
			"a word of code":                "null",
			"a word of code in punctuation": "null.",
			"a Cyrillic word of code":       "ѕеӏf",
			"a dash before it":              "-me",
			"nothing but punctuation":       "...",
		} {
			_, err := f.Register(f.ctx, visitor, Account{Username: name, Password: goodPassword})
			wantCode(t, what+" "+name, err, CodeInvalidUsername)
		}
		if _, err := f.CreateUser(f.ctx, visitor, NewAccount{Account: Account{Username: "аdmin", Password: goodPassword}}); err != nil {
			t.Errorf("an operator creates such a name: %v", err)
		}
		for _, name := range []string{"seif", "nii", "Nán", "user1", "administratrix", "alice@example.test", "root2", "Ärztin"} {
			f.register(t, name)
		}
	})
}

func TestAStrangerUsesOneScriptAndNoLeadingMark(t *testing.T) {
	t.Parallel()
	onBoth(t, nil, func(t *testing.T, f *fixture) {
		for what, name := range map[string]string{
			"Latin with Cyrillic":           "alісe",
			"Latin with one Greek letter":   "bοb",
			"Cyrillic with Latin":           "маrия",
			"Latin with Cherokee":           "ꭺlice",
			"Latin with Han":                "田中taro",
			"Han, Hangul and Hiragana":      "田한ひ",
			"a combining mark at the front": "\u0301alice",
			"an enclosing mark":             "\u0489alice",
			"a vowel sign at the front":     "\u093eकमल",
		} {
			account := Account{Username: name, Password: goodPassword}
			_, err := f.Register(f.ctx, visitor, account)
			wantCode(t, what+" "+name, err, CodeInvalidUsername)
		}
		if _, err := f.CreateUser(f.ctx, visitor, NewAccount{Account: Account{Username: "田中taro", Password: goodPassword}}); err != nil {
			t.Errorf("an operator creates a name of two scripts: %v", err)
		}
		for _, name := range []string{"Zoë", "мария", "Ελένη", "田中", "たなか田中", "タナカ田中", "스타", "김金", "कमल", "مريم", "שרה", "мария-1990", "a_b.c+d@e"} {
			f.register(t, name)
		}
	})
}

// An entry that no folded name can equal would be useless in the table.
func TestTheLookalikesAreLettersOfFoldedNames(t *testing.T) {
	t.Parallel()
	seen := map[rune]bool{}
	for _, row := range lookalikeTable() {
		for _, r := range row {
			if seen[r] {
				t.Errorf("%q is there twice", r)
			}
			seen[r] = true
			name := "א" + string(r) + "א" // for the letters that are written from right to left
			if r < 0x590 || r > 0x6ff {
				name = string(r)
			}
			if folded, err := foldUsername(name); err != nil || folded != name {
				t.Errorf("%q (U+%04X) folds to %q, %v", r, r, folded, err)
			}
		}
	}
}

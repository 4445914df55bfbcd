package foreign

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

const roomy = 64 << 20

// fits reports whether a password belongs to a hash.
func fits(h Hash, password string) bool {
	return h.Verify(Password{password, norm.NFC.String(password)}).OK
}

// vector is a hash that another program made. testdata/README.md says how.
type vector struct {
	Source, Algorithm, Settings, Password, Hash string
}

func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestHashesOfOtherProgramsVerify(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		h, err := Parse(v.Hash, roomy)
		if err != nil {
			t.Errorf("%s: %s: %v", v.Source, v.Hash, err)
			continue
		}
		if h.Algorithm() != v.Algorithm || h.Settings() != v.Settings || h.Memory() <= 0 || h.Memory() > roomy {
			t.Errorf("%s: got %s with %s in %d bytes, want %s with %s", v.Hash, h.Algorithm(), h.Settings(), h.Memory(), v.Algorithm, v.Settings)
		}
		for password, want := range map[string]bool{v.Password: true, v.Password[1:]: false, v.Password[:70%len(v.Password)]: false, "": false} {
			if got := fits(h, password); got != want {
				t.Errorf("%s: %s: %q: got %v, want %v", v.Source, v.Hash, password, got, want)
			}
		}
	}
}

// TestBcryptGoesByTheFirst72Bytes: bcrypt ignores the rest of a password.
func TestBcryptGoesByTheFirst72Bytes(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		if v.Algorithm != "bcrypt" || len(v.Password) <= 72 {
			continue
		}
		h, err := Parse(v.Hash, roomy)
		if err != nil {
			t.Fatal(err)
		}
		for n, want := range map[int]bool{len(v.Password): true, 72: true, 71: false} {
			if got := fits(h, v.Password[:n]); got != want {
				t.Errorf("%d bytes: got %v, want %v", n, got, want)
			}
		}
		return
	}
	t.Error("there is no vector with a long password")
}

// TestNoOtherTextVerifies cuts each hash everywhere, and changes each of its characters.
func TestNoOtherTextVerifies(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, v := range vectors(t) {
		if kind := v.Source + v.Algorithm; seen[kind] || v.Algorithm == "firebase-scrypt" { // one of each will do; the latter are slow
			continue
		} else {
			seen[kind] = true
		}
		step := 1
		if strings.HasPrefix(v.Settings, "ln=1") { // a megabyte for each
			step = 5
		}
		for i := 0; i < len(v.Hash); i += step {
			if !cutByDesign(v, i) {
				wantNoMatch(t, v, v.Hash[:i])
			}
			flipped := []byte(v.Hash)
			flipped[i] ^= 1
			if equalByDesign(v, i) {
				continue
			}
			wantNoMatch(t, v, string(flipped))
		}
		for _, more := range []string{"$", "A", "===", "\n", "\x00"} {
			wantNoMatch(t, v, v.Hash+more)
		}
	}
}

// equalByDesign reports whether a changed character means the same: the name of a scheme, bcrypt's versions,
// and bits of its salt that are not used.
func equalByDesign(v vector, i int) bool {
	if strings.HasPrefix(v.Hash, "{") && i < strings.Index(v.Hash, "}") {
		return true
	}
	if !strings.HasPrefix(v.Algorithm, "bcrypt") {
		return false
	}
	if rest, ok := strings.CutPrefix(v.Hash, ":bcrypt:"); ok {
		return i == len(":bcrypt:")+strings.Index(rest, "$")+22
	}
	begin := strings.Index(v.Hash, "$2")
	return i == begin+2 || i == begin+28
}

// cutByDesign reports whether the first i characters mean the same: padding may be left
// out, and a tag of scrypt has no length of its own.
func cutByDesign(v vector, i int) bool {
	return strings.Trim(v.Hash[i:], "=") == "" || strings.HasPrefix(v.Hash, "$scrypt$")
}

func wantNoMatch(t *testing.T, v vector, text string) {
	t.Helper()
	h, err := Parse(text, 8<<20) // no more memory than the vectors need
	if err != nil {
		return
	}
	if cheap(h) && fits(h, v.Password) {
		t.Errorf("%s: %q verifies too", v.Source, text)
	}
}

// cheap reports whether a changed cost is not a much larger one.
func cheap(h Hash) bool {
	for _, dear := range []string{"cost=1", "rounds=9", "i=9"} {
		if strings.HasPrefix(h.Settings(), dear) {
			return false
		}
	}
	return h.Effort() <= 1<<17
}

func TestBounds(t *testing.T) {
	t.Parallel()
	const salt, tag = "MDEyMzQ1Njc4OWFiY2RlZg", "MDEyMzQ1Njc4OWFiY2RlZg"
	sha256Tag, bcryptTail := strings.Repeat("a", 43), strings.Repeat("a", 53)
	for text, want := range map[string]error{
		"$2b$03$" + bcryptTail: ErrBounds, "$2b$17$" + bcryptTail: ErrBounds, "$2b$99$" + bcryptTail: ErrBounds,
		"$2x$05$" + bcryptTail: ErrUnsupported, "$2$05$" + bcryptTail: ErrUnknown, "$2b$+5$" + bcryptTail: ErrCorrupt, "$2b$5$" + bcryptTail + "a": ErrCorrupt,
		"$scrypt$ln=14,r=8,p=1$" + salt + "$" + tag: nil, "$scrypt$ln=24,r=8,p=1$" + salt + "$" + tag: ErrBounds, "$scrypt$ln=0,r=8,p=1$" + salt + "$" + tag: ErrBounds,
		"$scrypt$ln=14,r=65,p=1$" + salt + "$" + tag: ErrBounds, "$scrypt$ln=14,r=8,p=17$" + salt + "$" + tag: ErrBounds, "$scrypt$ln=16383,r=8,p=1$" + salt + "$" + tag: ErrCorrupt,
		"$scrypt$ln=14,r=8,p=1,p=1$" + salt + "$" + tag: ErrCorrupt, "$scrypt$ln=014,r=8,p=1$" + salt + "$" + tag: ErrCorrupt, "$scrypt$ln=14,r=8$" + salt + "$" + tag: ErrCorrupt,
		"$scrypt$ln=14,r=8,p=1$$" + tag: ErrBounds, "$scrypt$ln=14,r=8,p=1$" + salt + "$QUJDRA": ErrBounds, "$scrypt$ln=14,r=8,p=1$" + salt + "$": ErrBounds,
		"$pbkdf2-sha256$0$" + salt + "$" + tag: ErrBounds, "$pbkdf2-sha256$10000001$" + salt + "$" + tag: ErrBounds, "$pbkdf2-sha256$-1$" + salt + "$" + tag: ErrBounds,
		"$pbkdf2-sha256$i=1000,l=15$" + salt + "$" + tag: ErrCorrupt, "$pbkdf2-sha256$i=1000,l=16$" + salt + "$" + tag: nil,
		"$pbkdf2-sha256$i=10000000,l=64$" + salt + "$" + strings.Repeat("A", 85) + "A": ErrBounds,
		"$pbkdf2-sha256$1000$" + salt + "$" + tag + "\n":                               ErrCorrupt, "$pbkdf2-sha256$1000$" + salt + "$" + tag[:21] + "h": ErrCorrupt, "$pbkdf2-sha256$1000$" + salt + "=$" + tag: ErrCorrupt,
		"$argon2id$v=19$m=65536,t=3,p=1$" + salt + "$" + tag: nil, "$argon2id$v=19$t=3,p=1,m=65536$" + salt + "==$" + tag + "==": nil,
		"$argon2id$v=19$m=65537,t=3,p=1$" + salt + "$" + tag: ErrBounds, "$argon2id$v=19$m=4294967296,t=3,p=1$" + salt + "$" + tag: ErrBounds, "$argon2id$v=19$m=7,t=3,p=1$" + salt + "$" + tag: ErrBounds,
		"$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + tag: ErrBounds, "$argon2id$v=19$m=64,t=21,p=1$" + salt + "$" + tag: ErrBounds, "$argon2id$v=19$m=64,t=1,p=0$" + salt + "$" + tag: ErrBounds,
		"$argon2id$v=19$m=64,t=1,p=9$" + salt + "$" + tag: ErrBounds, "$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + tag: ErrUnsupported, "$argon2id$m=64,t=1,p=1$" + salt + "$" + tag: ErrUnsupported,
		"$argon2d$v=19$m=64,t=1,p=1$" + salt + "$" + tag: ErrUnsupported, "$argon2id$v=19$m=64,t=1,p=1$QUJDRA$" + tag: ErrBounds,
		"$5$rounds=1000$salt$" + sha256Tag: nil, "$5$rounds=999$salt$" + sha256Tag: ErrBounds, "$5$rounds=1000001$salt$" + sha256Tag: ErrBounds, "$5$rounds=01000$salt$" + sha256Tag: ErrBounds,
		"$5$$" + sha256Tag: ErrCorrupt, "$5$0123456789abcdefg$" + sha256Tag: ErrCorrupt, "$5$salt$" + sha256Tag + "a": ErrCorrupt, "$6$salt$" + sha256Tag: ErrCorrupt,
		"$P$5" + strings.Repeat("a", 30): nil, "$P$4" + strings.Repeat("a", 30): ErrBounds, "$P$J" + strings.Repeat("a", 30): ErrBounds, "$P$5" + strings.Repeat("a", 29) + "!": ErrCorrupt, "$P$": ErrCorrupt,
		"$fbscrypt$v=2,n=14,r=8,p=1,ss=Bw==,sk=" + tag + "$" + salt + "$" + tag: ErrCorrupt, "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=" + tag + "$" + salt + "$" + tag + "AA": ErrBounds,
		"$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=$" + salt + "$": ErrBounds,
		"5f4dcc3b5aa765d61d8327deb882cf99":                     ErrWeak, "$1$abc$def": ErrWeak, "{SSHA}abc": ErrWeak, "$md5$abc": ErrWeak, "md5$a$b": ErrWeak, "": ErrUnknown, "$": ErrUnknown,
		"$5$" + strings.Repeat("a", 1022): ErrCorrupt,
	} {
		h, err := Parse(text, roomy)
		if (want == nil) != (err == nil) || !errors.Is(err, want) && want != nil {
			t.Errorf("%q: got %v, want %v", text, err, want)
		}
		if err == nil && h.Memory() > roomy {
			t.Errorf("%q: needs %d bytes", text, h.Memory())
		}
		if err != nil && strings.Contains(err.Error(), salt) {
			t.Errorf("%q: the error tells of the hash: %v", text, err)
		}
	}
}

func TestTheCallersMemoryIsABound(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		h, err := Parse(v.Hash, roomy)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(v.Hash, h.Memory()); err != nil {
			t.Errorf("%s in %d bytes: %v", v.Hash, h.Memory(), err)
		}
		if _, err := Parse(v.Hash, h.Memory()-1); err == nil {
			t.Errorf("%s in less than %d bytes is accepted", v.Hash, h.Memory())
		}
	}
}

// TestPasswordsThatAFormatDoesNotTakeAreComputedAndRefused measures the computation by its
// allocations.
func TestPasswordsThatAFormatDoesNotTakeAreComputedAndRefused(t *testing.T) {
	for text, most := range map[string]int{"$6$rounds=1000$salt$": maxSHACryptKey, "$5$rounds=1000$salt$": maxSHACryptKey} {
		length := map[byte]int{'5': 43, '6': 86}[text[1]]
		h, err := Parse(text+strings.Repeat("a", length), roomy)
		if err != nil {
			t.Fatal(err)
		}
		allocated := func(n int) float64 {
			return testing.AllocsPerRun(1, func() { fits(h, strings.Repeat("x", n)) })
		}
		if longest, longer := allocated(most), allocated(most+1); longer < longest || longest < 10 {
			t.Errorf("%s: %d bytes allocate %v times, %d bytes %v times", text, most, longest, most+1, longer)
		}
	}
	for _, algorithm := range []string{"sha256-crypt", "sha512-crypt"} {
		c := shaCrypt{new: sha256.New, order: order256(), rounds: 1000, salt: "salt"}
		prefix := "$5$rounds=1000$salt$"
		if algorithm == "sha512-crypt" {
			c.new, c.order, prefix = sha512.New, order512(), "$6$rounds=1000$salt$"
		}
		longest := strings.Repeat("x", maxSHACryptKey)
		h, err := Parse(prefix+string(c.compute([]byte(longest))), roomy)
		if err != nil || !fits(h, longest) || fits(h, longest+"x") {
			t.Errorf("%s: a password that begins with the right one is not refused: %v", algorithm, err)
		}
	}
	const salt = "saltsalt"
	longest := strings.Repeat("x", maxPHPassKey)
	h, err := Parse("$P$5"+salt+string(phpass(longest, salt, 1<<7)), roomy)
	if err != nil || !fits(h, longest) || fits(h, longest+"x") {
		t.Errorf("phpass: a password that begins with the right one is not refused: %v", err)
	}
}

func TestTheEffortOfAHashGrowsWithItsCost(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		if h, err := Parse(v.Hash, roomy); err != nil || h.Effort() <= 0 {
			t.Errorf("%s: %d, %v", v.Hash, h.Effort(), err)
		}
	}
	cheap, costly := "$2b$05$"+strings.Repeat("a", 53), "$2b$14$"+strings.Repeat("a", 53)
	a, _ := Parse(cheap, roomy)
	b, _ := Parse(costly, roomy)
	if b.Effort() != a.Effort()<<9 {
		t.Errorf("bcrypt: %d at cost 5, %d at cost 14", a.Effort(), b.Effort())
	}
}

func TestLongPasswordsOfOldSchemesAreRefused(t *testing.T) {
	t.Parallel()
	for _, v := range vectors(t) {
		if h, err := Parse(v.Hash, roomy); err != nil || fits(h, strings.Repeat("a", 5000)) {
			t.Errorf("%s: %v", v.Hash, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.Hash)
	}
	for _, p := range programs(f) {
		f.Add(p.Hash)
	}
	for _, text := range []string{"{CRYPT}{CRYPT}$6$a$b", "{}", "$y$j$$", "$gy$", "$7$", "s2::", ":bcrypt:$$", "$wp$2y$", "$bcrypt$v=98$r=$$", "AQAAAAIAAYagAAAAEAABAgMEBQYHCAkKCwwNDg/B", "{PBKDF2}$1$$1$"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h, err := Parse(text, roomy)
		if err != nil {
			return
		}
		if h.Memory() <= 0 || h.Memory() > roomy || h.Algorithm() == "" || len(h.Settings()) > 40 {
			t.Errorf("%q: %s with %s in %d bytes", text, h.Algorithm(), h.Settings(), h.Memory())
		}
	})
}

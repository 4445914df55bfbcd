package argon2id

import (
	"encoding/hex"
	"testing"
)

// referenceVectors are those for Argon2id, version 0x13, of the reference
// implementation: github.com/P-H-C/phc-winner-argon2, commit f57e61e, src/test.c,
// "Argon2id" under "v1.3". All have 32 bytes.
var referenceVectors = []struct {
	passes   uint32
	memory   uint32 // KiB
	lanes    uint8
	password string
	salt     string
	tag      string
}{
	{2, 1 << 16, 1, "password", "somesalt", "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"},
	{2, 1 << 18, 1, "password", "somesalt", "78fe1ec91fb3aa5657d72e710854e4c3d9b9198c742f9616c2f085bed95b2e8c"},
	{2, 1 << 8, 1, "password", "somesalt", "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"},
	{2, 1 << 8, 2, "password", "somesalt", "6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037"},
	{1, 1 << 16, 1, "password", "somesalt", "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98"},
	{4, 1 << 16, 1, "password", "somesalt", "9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c"},
	{2, 1 << 16, 1, "differentpassword", "somesalt", "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde"},
	{2, 1 << 16, 1, "password", "diffsalt", "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c"},
}

func TestVectorsOfTheReferenceImplementation(t *testing.T) {
	t.Parallel()
	for _, impl := range Implementations() {
		arena := newArena(t)
		for _, v := range referenceVectors {
			key, err := arena.Key(impl, []byte(v.password), []byte(v.salt), v.passes, v.memory, v.lanes, 32)
			if got := hex.EncodeToString(key); err != nil || got != v.tag {
				t.Errorf("%s, m=%d, t=%d, p=%d: got %s, %v, want %s", impl, v.memory, v.passes, v.lanes, got, err, v.tag)
			}
		}
	}
}

func TestVectorOfTheRFCWithSecretAndAssociatedData(t *testing.T) {
	t.Parallel()
	known := rfc9106()
	for _, impl := range accelerated() {
		key, err := newArena(t).key(impl, known.input)
		if got := hex.EncodeToString(key); err != nil || got != known.tag {
			t.Errorf("%s: got %s, %v, want %s", impl, got, err, known.tag)
		}
	}
}

func TestCheckPassesForWhatTheMachineOffersAndNamesWhatItDoesNot(t *testing.T) {
	t.Parallel()
	for _, impl := range Implementations() {
		if err := Check(impl, 2, 1024, 2); err != nil {
			t.Error(err)
		}
	}
	err := Check("avx1024", 1, 1024, 1)
	if want := `check the Argon2id implementation "avx1024": this machine has no Argon2id implementation "avx1024"; use "portable"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func newArena(t testing.TB) *Arena {
	t.Helper()
	arena := NewArena()
	t.Cleanup(func() {
		if err := arena.Close(); err != nil {
			t.Error(err)
		}
	})
	return arena
}

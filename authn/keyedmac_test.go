package authn

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"sync"
	"testing"
)

func TestAKeyedMACIsHMACOfEveryMessage(t *testing.T) {
	t.Parallel()
	key := bytes.Repeat([]byte("key"), 30) // longer than a block
	mac := newKeyedMAC(key)
	var all sync.WaitGroup
	for first := range 4 {
		all.Go(func() {
			for length := range 200 {
				message := bytes.Repeat([]byte{byte(first)}, length)
				standard := hmac.New(sha256.New, key)
				standard.Write(message)
				if got, want := sumOf(mac, message), standard.Sum(nil); !bytes.Equal(got[:], want) {
					t.Errorf("%d bytes: got %x, want %x", length, got, want)
				}
				if got, want := sumOf(mac, string(message)), standard.Sum(nil); !bytes.Equal(got[:], want) {
					t.Errorf("%d bytes of text: got %x, want %x", length, got, want)
				}
			}
		})
	}
	all.Wait()
}

func TestASessionIDIsAHashOfTheSelector(t *testing.T) {
	t.Parallel()
	token := newRefreshToken()
	sum := sha256.Sum256(append([]byte("authctl session"), token.selector[:]...))
	if got, want := token.sessionID(), hashUUID(sum[:]); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

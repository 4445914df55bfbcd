package mail

import (
	"context"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFolderGetsWholeMessagesThatOnlyItsOwnerReads(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "mails")
	send := open(t, SenderConfig{URL: URL{Scheme: SchemeFile, Folder: folder}})
	for range 2 { // a second copy takes the place of the first
		if r := send(context.Background(), sample()); r != (Result{Sent: true}) {
			t.Fatalf("%+v", r)
		}
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 1 {
		t.Fatalf("%v, %v", files, err)
	}
	if want := "20261128T090000Z-" + sample().ID.String() + ".eml"; files[0].Name() != want {
		t.Errorf("the file is %s, want %s", files[0].Name(), want)
	}
	path := filepath.Join(folder, files[0].Name())
	for at, want := range map[string]os.FileMode{folder: 0o700, path: 0o600} {
		if is, err := os.Stat(at); err != nil || is.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", at, is.Mode(), err)
		}
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	read, err := netmail.ReadMessage(file)
	if err != nil || read.Header.Get("Message-ID") != "<random@example.com>" {
		t.Errorf("%v, %v", read.Header, err)
	}
}

func TestAFolderThatOthersReadIsRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{folder: "chmod 700 " + folder, file: "is no folder", filepath.Join(folder, "a", "b"): "no such file"} {
		_, err := Open(SenderConfig{URL: URL{Scheme: SchemeFile, Folder: at}})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "mail.url: ") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestAFolderThatIsGoneIsTriedAgain(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "mails")
	send := open(t, SenderConfig{URL: URL{Scheme: SchemeFile, Folder: folder}})
	if err := os.Remove(folder); err != nil {
		t.Fatal(err)
	}
	if r := send(context.Background(), sample()); r.Sent || r.BadAddress || r.Class != ClassFile || r.Err == nil {
		t.Errorf("%+v", r)
	}
}

func TestTheLogShowsTheMessage(t *testing.T) {
	t.Parallel()
	var shown []Message
	send := open(t, SenderConfig{URL: URL{Scheme: SchemeLog}, Show: func(m Message) { shown = append(shown, m) }})
	if r := send(context.Background(), sample()); r != (Result{Sent: true}) || len(shown) != 1 || shown[0] != sample() {
		t.Errorf("%+v, %+v", r, shown)
	}
}

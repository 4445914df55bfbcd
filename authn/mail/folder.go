package mail

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// openFolder returns a sender that writes each message into a file of its own, DATE-ID.eml, which
// others cannot read: its link is as good as a password. It makes the folder if there is none.
func openFolder(folder string) (Sender, error) {
	if err := os.Mkdir(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("mail.url: %w", err)
	}
	if err := CheckFolder(folder); err != nil {
		return nil, fmt.Errorf("mail.url: %w", err)
	}
	return func(_ context.Context, m Message) Result {
		if err := writeMessage(folder, m); err != nil {
			return Result{Class: ClassFile, Err: err}
		}
		return Result{Sent: true}
	}, nil
}

// CheckFolder returns what is wrong with a folder for mails: it must be one that others cannot read.
// The error wraps [fs.ErrNotExist] when there is none; [Open] makes it.
func CheckFolder(folder string) error {
	is, err := os.Stat(folder)
	switch {
	case err != nil:
		return err
	case !is.IsDir():
		return fmt.Errorf("%s is no folder", folder)
	case is.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("others may read or write %s, and mails have links that set passwords: chmod 700 %s", folder, folder)
	}
	return nil
}

// writeMessage writes beside the file first, so that who waits for *.eml sees whole messages only.
func writeMessage(folder string, m Message) (err error) {
	file, err := os.CreateTemp(folder, ".mail-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	_, err = m.mime().WriteTo(file)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(folder, m.Date.UTC().Format("20060102T150405Z")+"-"+m.ID.String()+".eml"))
}

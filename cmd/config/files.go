package config

import (
	"crypto/sha256"
	"hash"
	"io"
	"path/filepath"
)

// Files returns the files that a configuration comes from. A file may not exist.
func (src Sources) Files(cfg Loaded) []string {
	files := []string{src.Path(), filepath.Join(src.Dir, ".env")}
	for _, s := range cfg.secrets() {
		if s.file != "" {
			files = append(files, s.file)
		}
	}
	if ca := cfg.Mail.CAFile; ca != "" {
		files = append(files, ca)
	}
	if list := cfg.Password.BlocklistFile; list != "" {
		files = append(files, list)
	}
	return files
}

// Contents returns a digest of the contents of the files.
func Contents(files []string) [sha256.Size]byte {
	digest := sha256.New()
	for _, file := range files {
		addFile(digest, file)
	}
	return [sha256.Size]byte(digest.Sum(nil))
}

func addFile(digest hash.Hash, file string) {
	io.WriteString(digest, "\x00"+file+"\x00")
	if f, _, err := openRegular(file); err == nil {
		io.Copy(digest, f)
		f.Close()
	}
}

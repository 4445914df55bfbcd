package cmd

import (
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const watchQuiet = 200 * time.Millisecond // without an event, before the files are looked at

// watch tells when the content of a file that the configuration comes from has changed. It
// watches their folders, because files are replaced rather than written, and
// Kubernetes replaces a link beside them.
func (r *reloader) watch(ctx context.Context) <-chan struct{} {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		r.log.Error().Err(err).Msg("config.watch does not work")
		return nil
	}
	names := map[string]bool{}
	files := r.app.sources.files(r.running)
	last := contents(files)
	for _, file := range files {
		names[filepath.Base(file)] = true
		if err := watcher.Add(filepath.Dir(file)); err != nil {
			r.log.Error().Err(err).Str("file", file).Msg("config.watch does not work for a file")
		}
	}
	changed := make(chan struct{}, 1)
	go func() {
		defer watcher.Close()
		quiet := time.NewTimer(time.Hour)
		quiet.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-watcher.Events:
				if base := filepath.Base(e.Name); names[base] || strings.HasPrefix(base, "..") {
					quiet.Reset(watchQuiet)
				}
			case err := <-watcher.Errors:
				r.log.Warn().Err(err).Msg("watch configuration")
				quiet.Reset(watchQuiet) // something may have been missed
			case <-quiet.C:
				if now := contents(files); now != last {
					last = now
					select {
					case changed <- struct{}{}:
					default: // it is known already
					}
				}
			}
		}
	}()
	return changed
}

// files returns those that a configuration comes from, there or not.
func (src sources) files(cfg loaded) []string {
	files := []string{src.path(), filepath.Join(src.dir, ".env")}
	for _, secret := range []string{
		cfg.Database.URLFile, cfg.JWT.SecretFile, cfg.JWT.PreviousSecretsFile, cfg.Password.PepperFile,
		cfg.Password.PreviousPeppersFile, cfg.Password.BlocklistFile,
	} {
		if secret != "" {
			files = append(files, secret)
		}
	}
	return files
}

// contents is a digest of all that the files say.
func contents(files []string) [sha256.Size]byte {
	digest := sha256.New()
	for _, file := range files {
		addFile(digest, file)
	}
	return [sha256.Size]byte(digest.Sum(nil))
}

func addFile(digest hash.Hash, file string) {
	io.WriteString(digest, "\x00"+file+"\x00")
	if f, err := os.Open(file); err == nil {
		io.Copy(digest, f)
		f.Close()
	}
}

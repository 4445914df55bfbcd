package cmd

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/authctl/authctl/cmd/config"
)

const watchQuiet = 200 * time.Millisecond // without an event, before the files are looked at

// watching is the files that are watched.
type watching struct {
	files   []string
	changed <-chan struct{}
	stop    context.CancelFunc
}

// watchFiles watches the files that the configuration comes from, and those that one names
// which was refused, until ctx ends. What others say that are named from now on is looked
// at once they are watched.
func (r *reloader) watchFiles(ctx context.Context, w *watching) {
	for r.running.Config.Watch {
		files := r.app.sources.Files(r.running)
		for _, file := range r.app.sources.Files(r.tried) {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
		if slices.Equal(files, w.files) {
			return
		}
		if w.stop != nil {
			w.stop()
		}
		watchCtx, stop := context.WithCancel(ctx)
		*w = watching{files, r.watch(watchCtx, files), stop}
		r.catchUp(ctx)
	}
}

// watch tells when the content of a file that the configuration comes from has changed. It
// watches their folders, because files are replaced rather than written, and
// Kubernetes replaces a link beside them.
func (r *reloader) watch(ctx context.Context, files []string) <-chan struct{} {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		r.log.Error().Err(err).Msg("config.watch does not work")
		return nil
	}
	names := map[string]bool{}
	last := config.Contents(files)
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
				if now := config.Contents(files); now != last {
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

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

const watchQuiet = 200 * time.Millisecond // time without an event, before the files are read

// watching holds the watched files.
type watching struct {
	files   []string
	changed <-chan struct{}
	stop    context.CancelFunc
}

// watchFiles watches the files of the running configuration and of a refused one, until ctx ends.
// If the list of files changes, it watches the new list and then reads the configuration again.
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

// watch reports when the content of a configuration file has changed. It watches the folders of the
// files, because editors replace a file instead of writing to it, and Kubernetes replaces a link
// beside the file.
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
				quiet.Reset(watchQuiet) // an event may have been lost
			case <-quiet.C:
				if now := config.Contents(files); now != last {
					last = now
					select {
					case changed <- struct{}{}:
					default: // a change is already reported
					}
				}
			}
		}
	}()
	return changed
}

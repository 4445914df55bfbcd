package storetest

import (
	"errors"
	"sync"

	"github.com/authctl/authctl/store"
)

// processes opens the database a second time, as another process would.
func (f *fixture) processes() []store.Store {
	f.Helper()
	return []store.Store{f.store, f.backend.Open(f, f.where)}
}

// unlessBusy calls do again while it fails because all connections are in use: on a loaded machine
// many callers may wait for too long. Such a call has changed nothing.
func unlessBusy(do func() error) error {
	for {
		if err := do(); !errors.Is(err, store.ErrBusy) {
			return err
		}
	}
}

// together calls do(0) to do(n-1) at the same time and waits for all of them.
func together(n int, do func(i int)) {
	var wg sync.WaitGroup
	begin := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-begin
			do(i)
		})
	}
	close(begin)
	wg.Wait()
}

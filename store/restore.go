package store

// Restoration is the result of [Store.FinishRestore].
type Restoration struct {
	Generation  int64 // the installation's generation now; every user's is at least this
	Users       int   // users whose generation was raised
	Revocations int   // entries that were removed from the feed
	Nodes       int   // servers that were removed
}

package store

// Restoration is what [Store.FinishRestore] has done.
type Restoration struct {
	Generation  int64 // that the installation has now, and each user at least
	Users       int   // whose generation was moved
	Revocations int   // entries that were taken out of the feed
	Nodes       int   // servers that were forgotten
}

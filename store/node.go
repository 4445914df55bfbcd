package store

import (
	"time"

	"github.com/google/uuid"
)

// Node is one server process.
type Node struct {
	ID        uuid.UUID
	Name      string
	Version   string
	StartedAt time.Time
	SeenAt    time.Time     // when it last read the feed
	Staleness time.Duration // how long after SeenAt it goes on vouching for tokens
	Position  Position      // how far it has read
	Behind    int64         // revocations that it has not read; [Store.Nodes] says of which
}

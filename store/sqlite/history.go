package sqlite

import (
	"strconv"

	"github.com/authctl/authctl/store"
)

// lastID is the id of the latest revocation, even if that was deleted. A file that returns a
// smaller one than before is in another history: it was restored.
const lastID = `COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'revocations'), 0)`

func position(id int64) store.Position { return store.Position(strconv.FormatInt(id, 10)) }

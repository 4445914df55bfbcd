package sqlite

import (
	"strconv"

	"github.com/authctl/authctl/store"
)

// lastID is the id of the latest revocation, also when that was deleted. A file that
// gives a smaller one than before is another history: it was restored.
const lastID = `COALESCE((SELECT seq FROM sqlite_sequence WHERE name = 'revocations'), 0)`

func position(id int64) store.Position { return store.Position(strconv.FormatInt(id, 10)) }

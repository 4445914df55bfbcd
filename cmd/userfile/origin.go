package userfile

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/authctl/authctl/authn"
)

// importedID is the claim with the id that a user had in the other program, if that was no UUID.
const importedID = "imported_id"

// setID sets the id of a user. A UUID is kept. Any other id becomes the claim imported_id, and the
// user gets a UUID derived from the space and that id, the same each time. An empty id leaves u
// unchanged.
func setID(u *authn.Arrival, space, id string) error {
	if id == "" {
		return nil
	}
	if parsed, err := uuid.Parse(id); err == nil && len(id) == 36 {
		if parsed == uuid.Nil {
			return errors.New("its id is the UUID of zeros, which is nobody's")
		}
		u.ID = parsed
		return nil
	}
	u.Origin = space + "/" + id
	return claimID(u, id)
}

// claimID adds the claim imported_id, unless the file has one.
func claimID(u *authn.Arrival, id string) error {
	value, err := json.Marshal(id)
	if err != nil {
		return err
	}
	claims := strings.TrimSpace(u.Claims)
	if claims == "" || claims == "{}" {
		u.Claims = `{"` + importedID + `":` + string(value) + `}`
		return nil
	}
	members := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(claims), &members) != nil || members == nil {
		return nil // CheckArrival refuses such claims
	}
	if _, there := members[importedID]; !there {
		u.Claims = `{"` + importedID + `":` + string(value) + "," + claims[1:]
	}
	return nil
}

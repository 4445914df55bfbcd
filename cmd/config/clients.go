package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/authctl/authctl/server"
)

// clientKeys are the keys of an item of clients.
var clientKeys = []string{"id", "kind", "origins"}

// decodeClients returns the clients of a value from a file or a variable. In a variable they are the
// JSON of the list. The error joins one error for each fault.
func decodeClients(value any, fromText bool) ([]Client, error) {
	text, isText := value.(string)
	if isText && fromText {
		if text == "" {
			return []Client{}, nil
		}
		value = nil
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			return nil, errors.New(`is not JSON without doubled names: write it as in [{"id":"cli","kind":"native"}]`)
		}
	}
	items, ok := value.([]any)
	if !ok {
		return nil, errors.New("is not a list of clients, each with id, kind and origins")
	}
	clients, faults := make([]Client, len(items)), []error{}
	for i, item := range items {
		var wrong []error
		clients[i], wrong = decodeClient(item)
		for _, err := range wrong {
			faults = append(faults, fmt.Errorf("item %d %w", i+1, err))
		}
	}
	return clients, errors.Join(faults...)
}

func decodeClient(item any) (c Client, faults []error) {
	c.Origins = []string{}
	fields, ok := item.(map[string]any)
	if !ok {
		return c, []error{errors.New("is no client: it has id, kind and origins, each below its own key")}
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		var err error
		switch key {
		case "id":
			c.ID, err = textOf(key, fields[key])
		case "kind":
			c.Kind, err = textOf(key, fields[key])
		case "origins":
			c.Origins, err = textsOf(key, fields[key])
		default:
			err = fmt.Errorf("has the unknown key %q%s", key, Nearest(strings.ToLower(key), clientKeys))
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	return c, faults
}

func textOf(key string, value any) (string, error) {
	text, ok := value.(string)
	if !ok {
		return "", fmt.Errorf("has the %s %v, which is not a text", key, value)
	}
	return text, nil
}

func textsOf(key string, value any) ([]string, error) {
	items, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("has the %s %v, which is not a list of texts", key, value)
	}
	texts := make([]string, len(items))
	for i, item := range items {
		if texts[i], ok = item.(string); !ok {
			return nil, fmt.Errorf("has the %s %v, which is not a list of texts", key, value)
		}
	}
	return texts, nil
}

// publicClients returns the clients as the server takes them.
func (c Settings) publicClients() []server.PublicClient {
	all := make([]server.PublicClient, len(c.Clients))
	for i, client := range c.Clients {
		all[i] = server.PublicClient(client)
	}
	return all
}

func (c Settings) clientIDs() (ids []string) {
	for _, client := range c.Clients {
		ids = append(ids, client.ID)
	}
	return ids
}

func (l *Loaded) validateClients(bad *Faults) {
	for _, err := range server.CheckClients(l.publicClients()) {
		bad.AddError("clients", err)
	}
}

// showClients returns the JSON that a variable would have.
func showClients(clients []Client) string {
	type item struct {
		ID      string   `json:"id"`
		Kind    string   `json:"kind"`
		Origins []string `json:"origins,omitzero"`
	}
	if len(clients) == 0 {
		return ""
	}
	items := make([]item, len(clients))
	for i, c := range clients {
		items[i] = item(c)
		if len(c.Origins) == 0 {
			items[i].Origins = nil
		}
	}
	text, err := json.Marshal(items)
	if err != nil { // texts always have a JSON
		return err.Error()
	}
	return string(text)
}

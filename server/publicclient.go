package server

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// The values of [PublicClient].Kind.
const (
	ClientBrowser = "browser" // gets its tokens in cookies
	ClientNative  = "native"  // gets its tokens in bodies, and no cookies
)

// PublicClient is an application that names itself in the header Authctl-Client of its requests. It
// has no secret, so its id authenticates nobody (RFC 6749, sections 2.1 and 10.2).
type PublicClient struct {
	ID      string   // see [CheckClientID]
	Kind    string   // ClientBrowser or ClientNative
	Origins []string // origins of its pages; see [CheckClientOrigin]
}

// maxClientID is the max length of a client's id, in bytes.
const maxClientID = 64

// reservedClientIDs are words that stand for no application in tokens and in the audit trail.
var reservedClientIDs = []string{"authctl", "anonymous", "none", "null"}

// CheckClientID returns an error, with text for a person, unless id can be that of a client.
func CheckClientID(id string) error {
	switch {
	case id == "":
		return errors.New("needs an id")
	case len(id) > maxClientID || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz0123456789_.:-") != "":
		return fmt.Errorf("the id must have 1 to %d characters of a-z 0-9 _ . : -", maxClientID)
	case slices.Contains(reservedClientIDs, id):
		return errors.New("the id is reserved: choose another one")
	}
	return nil
}

// checkClientKind returns an error, with text for a person, unless kind is a word for
// [PublicClient].Kind.
func checkClientKind(kind string) error {
	switch kind {
	case ClientBrowser, ClientNative:
		return nil
	case "":
		return errors.New("needs a kind, browser or native")
	case "service":
		return errors.New("kind service is no setting: a service account has a secret, which the database keeps, and is made with authctl client create")
	default:
		return fmt.Errorf("kind must be browser or native, not %q", kind)
	}
}

// CheckClients returns every fault of a list of clients, each with text for a person.
func CheckClients(list []PublicClient) (faults []error) {
	seen := map[string]bool{}
	for i, c := range list {
		fault := func(err error) {
			if err != nil {
				faults = append(faults, fmt.Errorf("item %d (%s): %w", i+1, quoteBounded(c.ID, maxClientID), err))
			}
		}
		fault(CheckClientID(c.ID))
		if c.ID != "" && seen[c.ID] {
			fault(errors.New("an earlier item has this id too"))
		}
		seen[c.ID] = true
		fault(checkClientKind(c.Kind))
		for j, origin := range c.Origins {
			if err := CheckClientOrigin(origin); err != nil {
				fault(fmt.Errorf("the origin %q %w", origin, err))
			} else if slices.Contains(c.Origins[:j], origin) {
				fault(fmt.Errorf("the origin %q is given twice", origin))
			}
		}
	}
	return faults
}

// publicClients is the clients that requests may name, by id.
type publicClients map[string]*publicClient

// publicClient is one client, and the origins of its pages.
type publicClient struct {
	id      string
	native  bool
	origins map[string]bool
}

func newPublicClients(list []PublicClient) (publicClients, error) {
	if faults := CheckClients(list); len(faults) > 0 {
		return nil, fmt.Errorf("clients: %w", errors.Join(faults...))
	}
	all := make(publicClients, len(list))
	for _, c := range list {
		of := &publicClient{c.ID, c.Kind == ClientNative, make(map[string]bool, len(c.Origins))}
		for _, origin := range c.Origins {
			of.origins[origin] = true
		}
		all[c.ID] = of
	}
	return all, nil
}

// named returns the client that a request names, nil for an unknown one. The header must come once
// and have one id.
func (all publicClients) named(values []string) *publicClient {
	if len(values) != 1 {
		return nil
	}
	return all[values[0]]
}

// maySend reports whether a client can have sent a request with these headers itself. Every page of
// a browser sends Origin or Sec-Fetch-Site with a request that changes something, and no script can
// change them. What carries one of them is the client's only when the origin is in its list.
func (c *publicClient) maySend(h http.Header) bool {
	origins := h["Origin"]
	if len(origins) == 0 {
		return len(h["Sec-Fetch-Site"]) == 0
	}
	return len(origins) == 1 && c.origins[origins[0]]
}

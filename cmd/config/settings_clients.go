package config

// Client is an application that names itself in the header Authctl-Client.
type Client struct {
	ID      string
	Kind    string
	Origins []string // never nil
}

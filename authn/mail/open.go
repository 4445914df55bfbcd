package mail

import "context"

// SenderConfig says where mails go, and how.
type SenderConfig struct {
	URL      URL
	Hello    string        // name of this server in EHLO, with a dot, or an address literal; see [HelloFor]
	CAFile   string        // certificates in PEM that the server's is checked with; "" for those of the system
	Insecure bool          // no TLS, even if the server is on another machine
	Show     func(Message) // shows a message of SchemeLog
}

// Open returns the sender of a configuration. It opens no connection. Its errors name the setting.
func Open(c SenderConfig) (Sender, error) {
	switch c.URL.Scheme {
	case SchemeFile:
		return openFolder(c.URL.Folder)
	case SchemeLog:
		return func(_ context.Context, m Message) Result { c.Show(m); return Result{Sent: true} }, nil
	default:
		s, err := newSMTP(c)
		if err != nil {
			return nil, err
		}
		return s.Send, nil
	}
}

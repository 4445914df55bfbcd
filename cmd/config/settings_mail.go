package config

// Mail is how mail is sent. It is off while url is empty; see docs/mail.md.
type Mail struct {
	// Where mails go: smtp://USER:PASSWORD@HOST:587 (STARTTLS), smtps://USER:PASSWORD@HOST:465,
	// file:FOLDER, or log:, which shows the links. Empty sends none; in development it is log:.
	// Turning mail on or off takes a restart.
	//
	// A file that holds it instead.
	URL Secret `key:"url" reload:"yes"`
	// The sender: name@example.com, or "Example <name@example.com>". Required with smtp and smtps.
	From string `key:"from" reload:"yes"`
	// The address that gets bounces. Empty takes the one in from.
	EnvelopeFrom string `key:"envelope_from" reload:"yes"`
	// The name in EHLO. It needs a dot. Empty takes the host of server.public_url.
	Hello string `key:"hello" reload:"yes"`
	// The certificates, in PEM, that the mail server's is checked with. Empty takes the system's.
	CAFile string `key:"ca_file" reload:"yes"`
	// true sends without TLS, even to another machine, but never a password there. Only on a
	// network that is yours alone.
	Insecure bool      `key:"insecure" default:"false" reload:"yes"`
	Links    MailLinks `key:"links"`
	// Your own texts, in files such as de.tmpl; see docs/mail.md. They are read at the start and at
	// each reload.
	TemplatesDir string `key:"templates_dir" reload:"yes"`
	// What the owner of an account is told of. Take out what you do not want.
	Notices []string `key:"notices" default:"password_changed, password_reset, email_requested, email_changed, new_place, password_disabled, account_deleted" reload:"yes"`
	// Mails with a link that one account can ask for in an hour, and notices of one kind that are sent
	// to it in an hour: later ones wait. 0 for no limit.
	MaxPerUser int `key:"max_per_user" default:"3" range:"0..1000" reload:"yes"`
	// Links for a new password to one address in an hour, and as many other mails that somebody asked
	// for; 0 for no limit.
	MaxPerRecipient int `key:"max_per_recipient" default:"5" range:"0..1000" reload:"yes"`
	// Mails of all kinds in an hour, on all servers together; 0 for no limit. Beyond it
	// /password/forgot and its kin answer 429, and notices wait. At most half may be notices.
	MaxPerHour int `key:"max_per_hour" default:"1000" range:"0..1000000" reload:"yes"`
}

// MailLinks is the pages that the links in mails open. authctl adds #token=TOKEN.
type MailLinks struct {
	// The page that verifies an address. Empty takes the built-in one, /verify-email below
	// server.public_url.
	Verify string `key:"verify"`
	// The page that sets a new password. Empty takes the built-in one, /reset-password.
	Reset string `key:"reset"`
}

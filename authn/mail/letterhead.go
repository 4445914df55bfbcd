package mail

import netmail "net/mail"

// Letterhead is what all mails of an installation have in common.
type Letterhead struct {
	From         netmail.Address // a name and an address in ASCII, from [ParseFrom]
	EnvelopeFrom string          // the address that gets bounces; "" for that of From
	Links        Links
}

// Links are the pages that the links in mails open, each an absolute URL that [CheckLink] takes.
type Links struct {
	Verify string // verifies an address
	Reset  string // sets a new password
}

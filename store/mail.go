package store

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/google/uuid"
)

// MailKind names what a mail is about. It is kept in the outbox, and it names the template.
type MailKind string

// The kinds of mail. Those with a link are sent because somebody asked for them; the others are
// notices of something that happened to an account.
const (
	MailVerify           MailKind = "verify"            // a link that verifies an address
	MailReset            MailKind = "reset"             // a link that sets a new password
	MailAddressInUse     MailKind = "address_in_use"    // to the owner of a verified address that somebody else tried to use
	MailPasswordChanged  MailKind = "password_changed"  // by its owner or an operator
	MailPasswordReset    MailKind = "password_reset"    // by a link
	MailEmailRequested   MailKind = "email_requested"   // to the old address: a change to another one was asked for
	MailEmailChanged     MailKind = "email_changed"     // to the old address
	MailNewPlace         MailKind = "new_place"         // a sign-in from a place not known
	MailPasswordDisabled MailKind = "password_disabled" // after too many failures
	MailAccountDeleted   MailKind = "account_deleted"   // to the address that the account had
)

// MailKinds returns every kind of mail.
func MailKinds() []MailKind {
	return []MailKind{
		MailVerify, MailReset, MailAddressInUse, MailPasswordChanged, MailPasswordReset, MailEmailRequested,
		MailEmailChanged, MailNewPlace, MailPasswordDisabled, MailAccountDeleted,
	}
}

// Requested reports whether such mail is sent because somebody asked for mail. The other kinds are
// notices.
func (k MailKind) Requested() bool {
	return k == MailVerify || k == MailReset || k == MailAddressInUse
}

// NewMail is a mail to put into the outbox. It goes to the verified address of the user that the
// change is about; without one nothing is queued. Its date, address and browser are those of the
// change's [Event]. Its language is the user's, or else Locale.
type NewMail struct {
	ID        uuid.UUID // of the row; also the id of its token
	Kind      MailKind
	Locale    string    // languages that the client accepts, best first: "de-CH,de,en"; "" when unknown
	MessageID string    // RFC 5322, section 3.6.4, without the angle brackets
	ExpiresAt time.Time // no try to send it begins at or after this
	PerHour   int       // of a notice: how many of its kind to its user may become due in an hour, later ones wait; 0 for no limit
}

// NewMailToken is a one-time token to issue. The store has its hash only.
type NewMailToken struct {
	Hash      string // hex SHA-256 of the token
	ExpiresAt time.Time
}

// MailLimits limits how much mail is queued since an instant, so that nobody can use authctl to
// flood a mailbox. 0 stands for no limit. Rows that a newer request replaced count too.
type MailLimits struct {
	Since        time.Time // mail queued before this does not count
	PerUser      int       // max mails that one user asked for, whoever they went to
	PerRecipient int       // max mails of the kind MailReset to one address, and as many of MailVerify and MailAddressInUse together
	All          int       // max mails that somebody asked for, and notices that were sent
}

// MailCounts is how much mail was queued since MailLimits.Since. No count need exceed its limit.
type MailCounts struct {
	Nobody    bool // nobody is to get the mail
	User      int
	Recipient int
	All       int
}

// Decide returns the decision about one more mail. The limit of the installation comes first, so that
// it tells nothing about an account.
func (l MailLimits) Decide(c MailCounts) MailDecision {
	switch {
	case l.All > 0 && c.All >= l.All:
		return MailOverAll
	case c.Nobody:
		return MailNobody
	case l.PerUser > 0 && c.User >= l.PerUser:
		return MailOverUser
	case l.PerRecipient > 0 && c.Recipient >= l.PerRecipient:
		return MailOverRecipient
	}
	return MailQueued
}

// MailDecision is what became of a request for mail.
type MailDecision int

// The decisions.
const (
	MailQueued        MailDecision = iota
	MailNobody                     // nobody has the identifier, or the user has no address for it, or is disabled
	MailOverUser                   // the limit of the user is reached
	MailOverRecipient              // the limit of the address is reached
	MailOverAll                    // the limit of the installation is reached
)

var mailDecisions = [...]string{"queued", "nobody", "over_user", "over_recipient", "over_all"}

// String returns the decision as a word for the audit trail and metrics.
func (d MailDecision) String() string { return mailDecisions[d] }

// MailRecipient returns the form in which a database counts the mail to a folded address: the hex
// SHA-256 of a label and the address. It outlives the user to whom the mail went; see [ReleasedName].
func MailRecipient(folded string) string {
	hash := sha256.Sum256([]byte("authctl mail recipient\x00" + folded))
	return hex.EncodeToString(hash[:])
}

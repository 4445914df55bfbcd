package authn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/authctl/authctl/authn/hashing"
	"github.com/authctl/authctl/store"
)

// Code is a stable word for a kind of failure. Programs branch on it. The HTTP server and the
// command line each have one table of codes.
type Code string

// The codes.
const (
	CodeInvalidRequest     Code = "invalid_request"
	CodeInvalidUsername    Code = "invalid_username"
	CodeWeakPassword       Code = "weak_password"
	CodeUsernameTaken      Code = "username_taken"
	CodeRegistrationClosed Code = "registration_closed"
	CodeInvalidCredentials Code = "invalid_credentials"
	CodeUnauthenticated    Code = "unauthenticated"
	CodeTokenExpired       Code = "token_expired"
	CodeSessionExpired     Code = "session_expired"
	CodeSessionRevoked     Code = "session_revoked"
	CodeSessionReused      Code = "session_reused"
	CodeUserNotFound       Code = "user_not_found"
	CodeSessionNotFound    Code = "session_not_found"
	CodeClientNotFound     Code = "client_not_found"
	CodeClientNameTaken    Code = "client_name_taken"
	CodeClientChanged      Code = "client_changed"
	CodeInvalidClient      Code = "invalid_client"
	CodeNotAUser           Code = "not_a_user"
	CodeKeyNotFound        Code = "key_not_found"
	CodeNodeNotFound       Code = "node_not_found"
	CodeInvalidEmail       Code = "invalid_email"
	CodeEmailTaken         Code = "email_taken"
	CodeEmailOff           Code = "email_off"
	CodeInvalidLink        Code = "invalid_link"
	CodeMailNotFound       Code = "mail_not_found"
	CodeRateLimited        Code = "rate_limited"
	CodeOverloaded         Code = "overloaded"
	CodeUnavailable        Code = "unavailable"
	CodeSchema             Code = "schema_mismatch"
	CodeInternal           Code = "internal"
)

// Codes returns every code, for tests of the tables.
func Codes() []Code {
	return []Code{
		CodeInvalidRequest, CodeInvalidUsername, CodeWeakPassword, CodeUsernameTaken,
		CodeRegistrationClosed, CodeInvalidCredentials, CodeUnauthenticated, CodeTokenExpired,
		CodeSessionExpired, CodeSessionRevoked, CodeSessionReused, CodeUserNotFound,
		CodeSessionNotFound, CodeClientNotFound, CodeClientNameTaken, CodeClientChanged, CodeInvalidClient, CodeNotAUser, CodeKeyNotFound, CodeNodeNotFound, CodeInvalidEmail, CodeEmailTaken, CodeEmailOff,
		CodeInvalidLink, CodeMailNotFound, CodeRateLimited, CodeOverloaded, CodeUnavailable, CodeSchema, CodeInternal,
	}
}

// Error is the error of every method of [Service].
type Error struct {
	Code       Code
	Message    string        // a sentence that may be shown to anyone
	Weakness   Weakness      // of a password that is refused with CodeWeakPassword
	RetryAfter time.Duration // when trying again may help; 0 for never
	Err        error         // the cause, for the log only; may be nil
}

// Error returns the message, and the cause where there is one.
func (e *Error) Error() string {
	if e.Err == nil {
		return e.Message
	}
	return fmt.Sprintf("%s: %v", e.Message, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of an [*Error] in err's chain, and [CodeInternal] for
// any other error.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// refuse returns an error that the caller caused.
func refuse(code Code, message string) error {
	return &Error{Code: code, Message: message}
}

const messageReplaced = "the database was replaced while it was open"

// fail turns an error of the store or of hashing into an [*Error].
func fail(err error) error {
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	if over, ok := errors.AsType[*hashing.Overloaded](err); ok {
		return &Error{Code: CodeOverloaded, Message: "too many sign-ins at once, try again in a moment", RetryAfter: over.RetryAfter, Err: err}
	}
	e := &Error{Code: CodeInternal, Message: "something went wrong on our side", Err: err}
	switch {
	case errors.Is(err, store.ErrSchema):
		e.Code, e.Message = CodeSchema, "the database schema does not match this version"
		e.RetryAfter = 30 * time.Second
	case errors.Is(err, store.ErrReplaced):
		e.Code, e.Message = CodeUnavailable, messageReplaced
		e.RetryAfter = time.Second
	case errors.Is(err, store.ErrReadOnly):
		e.Code, e.Message = CodeUnavailable, "the database takes no changes, it is read-only or a standby; try again in a moment"
		e.RetryAfter = time.Second
	case errors.Is(err, store.ErrFull):
		e.Code, e.Message = CodeUnavailable, "the database takes no changes, its disk is full; try again later"
		e.RetryAfter = 5 * time.Second
	case errors.Is(err, store.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		e.Code, e.Message = CodeUnavailable, "the database does not answer, try again in a moment"
		e.RetryAfter = time.Second
	}
	return e
}

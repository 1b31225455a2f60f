package mysqlerr

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"

	"github.com/go-sql-driver/mysql"
)

// Class says what to do about an error.
type Class uint8

const (
	// ClassNone is the class of nil.
	ClassNone Class = iota
	// ClassUnknown is an error that is not known here: retried for a bounded time.
	ClassUnknown
	// ClassRetry is a transaction that may be run again at once: locks, lost connections.
	// After a lost connection the outcome is unknown: the server may have committed.
	ClassRetry
	// ClassCapacity is a server without room: retried slowly, and shown as a stall.
	ClassCapacity
	// ClassFailover is a server that is read-only: the connection is dropped and opened again.
	ClassFailover
	// ClassSplit is a statement that is too large: smaller batches, and permanent once one row alone does not fit.
	ClassSplit
	// ClassRowData is a row that the target refuses, now and on every retry.
	ClassRowData
	// ClassConfiguration is what a person has to change first.
	ClassConfiguration
	// ClassCanceled is a context of the caller that has ended.
	ClassCanceled
)

var classNames = [...]string{
	"none", "unknown", "retry", "capacity", "failover", "split", "row data", "configuration", "canceled",
}

// String is the class's name in lower case.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "unknown"
}

// Classify says what to do about an error; see the package's comment for the rules. An ended context
// counts before the server's number, since a canceled statement returns many different errors.
func Classify(err error) Class {
	if err == nil {
		return ClassNone
	}
	if known, ok := errors.AsType[*Error](err); ok {
		return known.Class
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return ClassCanceled
	}
	if server, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return classifyServer(server)
	}
	return classifyDriver(err)
}

func classifyServer(e *mysql.MySQLError) Class {
	v, _ := infoOf(e)
	return v.class
}

func classifyDriver(err error) Class {
	if _, ok := errors.AsType[*FileError](err); ok {
		return ClassConfiguration
	}
	for _, setup := range []error{
		ErrBadDSN, ErrServerTooOld, mysql.ErrNoTLS, mysql.ErrCleartextPassword, mysql.ErrNativePassword,
		mysql.ErrOldPassword,
		mysql.ErrUnknownPlugin, mysql.ErrOldProtocol,
	} {
		if errors.Is(err, setup) {
			return ClassConfiguration
		}
	}
	if isCertificate(err) {
		return ClassConfiguration
	}
	if errors.Is(err, mysql.ErrPktTooLarge) {
		return ClassSplit
	}
	for _, lost := range []error{
		mysql.ErrInvalidConn, driver.ErrBadConn, sql.ErrConnDone, mysql.ErrMalformPkt, mysql.ErrPktSync,
		mysql.ErrPktSyncMul, mysql.ErrBusyBuffer, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
	} {
		if errors.Is(err, lost) {
			return ClassRetry
		}
	}
	if _, ok := errors.AsType[net.Error](err); ok {
		return ClassRetry
	}
	return ClassUnknown
}

func isCertificate(err error) bool {
	var (
		verification *tls.CertificateVerificationError
		authority    x509.UnknownAuthorityError
		hostname     x509.HostnameError
		invalid      x509.CertificateInvalidError
		roots        x509.SystemRootsError
		record       tls.RecordHeaderError
	)
	return errors.As(err, &verification) || errors.As(err, &authority) || errors.As(err, &hostname) ||
		errors.As(err, &invalid) || errors.As(err, &roots) || errors.As(err, &record)
}

// IsPermanent reports whether trying again without a person's help is useless.
func IsPermanent(err error) bool {
	c := Classify(err)
	return c == ClassRowData || c == ClassConfiguration
}

// IsRetryable reports whether the whole transaction may be run again at once.
func IsRetryable(err error) bool { return Classify(err) == ClassRetry }

// IsFailover reports whether the server is read-only, as after a failover.
func IsFailover(err error) bool { return Classify(err) == ClassFailover }

// IsLockConflict reports a lock wait timeout or a deadlock: another session's doing.
func IsLockConflict(err error) bool {
	n := NumberOf(err)
	return n == ErrLockWaitTimeout || n == errDeadlock
}

// IsForeignKey reports a row that lacks its parent, or a row that other rows refer to, by the server's number.
func IsForeignKey(number uint16) bool {
	switch number {
	case ErrForeignKey, ErrRowIsReferenced, errNoReferencedRow, errRowReferenced:
		return true
	}
	return false
}

// IsMissing reports whether a table, or the schema that it would be in, is not there.
func IsMissing(err error) bool {
	n := NumberOf(err)
	return n == ErrNoSuchTable || n == ErrBadDB
}

// IsAccessDenied reports whether the login lacks a privilege on a schema, a table or a column.
func IsAccessDenied(err error) bool {
	n := NumberOf(err)
	return n == errDBAccessDenied || n == ErrTableAccessDenied || n == ErrColumnAccessDenied
}

// IsTimeLimit reports a statement that ran longer than the server allows: read less at once.
func IsTimeLimit(err error) bool {
	n := NumberOf(err)
	return n == errQueryTimeout || n == errStatementTimeout
}

// TimeLimit is the error of a statement that may have been ended so, without a word of the server.
func TimeLimit() error {
	return NewError(Problem{
		Class: ClassRetry, Number: errStatementTimeout, Sentence: knownErrors[errStatementTimeout].message,
	})
}

// IsConnectionLost reports an error without a server's answer: what the statement did is unknown.
func IsConnectionLost(err error) bool {
	if Classify(err) != ClassRetry {
		return false
	}
	switch NumberOf(err) {
	case 0, errClientConnect, errClientGone, errClientLost, errClientLostExtended, errShutdown, errConnectionKilled:
		return true
	}
	return false
}

// NumberOf is the server's number of an error, or 0 where no server spoke.
func NumberOf(err error) uint16 {
	if known, ok := errors.AsType[*Error](err); ok {
		return known.Number
	}
	if server, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return server.Number
	}
	return 0
}

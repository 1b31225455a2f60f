package mysqlerr

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"
)

// Problem is an error in words that may be shown, logged and kept in a history: it holds
// names, numbers and hashes, never a row's value.
type Problem struct {
	Class Class
	// Number is the server's number, 0 where the error is not a server's.
	Number uint16
	// Column and Key (an index or a constraint) are names; empty where the server named none.
	Column string
	Key    string
	// Row counts from 1 within the statement; 0 where the server named none.
	Row int
	// KeyHash stands for the values of the row's primary key. Empty where unknown.
	KeyHash string
	// Sentence says what happened, Remedy what a person can do; Remedy may be empty.
	Sentence string
	Remedy   string
}

// Error is a Problem as an error. It wraps a [Code] or a sentinel of the standard library,
// and never the server's own error, whose text may hold row values.
type Error struct {
	Problem
	cause error
}

// Error is the problem in one line, without the remedy.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Sentence)
	if e.Column != "" {
		fmt.Fprintf(&b, ", column %s", e.Column)
	}
	if e.Key != "" {
		fmt.Fprintf(&b, ", key %s", e.Key)
	}
	switch {
	case e.KeyHash != "":
		fmt.Fprintf(&b, ", row with primary key hash %s", e.KeyHash)
	case e.Row > 0:
		fmt.Fprintf(&b, ", row %d of the statement", e.Row)
	}
	if e.Number != 0 {
		fmt.Fprintf(&b, " (error %d)", e.Number)
	}
	return b.String()
}

// Unwrap is the cause that is safe to show: a Code, or a sentinel such as context.Canceled.
func (e *Error) Unwrap() error { return e.cause }

// Code is a server's error number as an error, for errors.As and errors.Is.
type Code uint16

// Error is the number in words.
func (c Code) Error() string { return fmt.Sprintf("server error %d", uint16(c)) }

// Safe turns an error of the driver into one whose text may be shown. An error that is safe already
// stays as it is, with what wraps it. Nil stays nil.
func Safe(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*Error](err); ok {
		return err
	}
	return &Error{Problem: Describe(err), cause: safeCause(err)}
}

// NewError is a Problem as an error.
func NewError(p Problem) *Error {
	if p.Number == 0 {
		return &Error{Problem: p}
	}
	return &Error{Problem: p, cause: Code(p.Number)}
}

// Refuse is an error that only a person can resolve, found before anything was written.
func Refuse(column, sentence, remedy string) error {
	return NewError(Problem{Class: ClassConfiguration, Column: column, Sentence: sentence, Remedy: remedy})
}

// ServerMessage is the number and the text of a server's error; ok is false for any other error.
// The text may hold values of a row.
func ServerMessage(err error) (number uint16, text string, ok bool) {
	var server *mysql.MySQLError
	if !errors.As(err, &server) {
		return 0, "", false
	}
	return server.Number, server.Message, true
}

// safeCause keeps what callers look for with errors.Is.
func safeCause(err error) error {
	if server, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return Code(server.Number)
	}
	for _, sentinel := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, sentinel) {
			return sentinel
		}
	}
	if holdsValue(err) {
		return nil
	}
	// An error of the network, of TLS or of the driver holds no row.
	return err
}

// holdsValue reports the errors of database/sql that quote the value they cannot convert.
func holdsValue(err error) bool {
	var number *strconv.NumError
	return errors.As(err, &number) || strings.Contains(err.Error(), "sql: Scan error") ||
		strings.Contains(err.Error(), "converting ")
}

// Describe says what an error means without any row value in it.
func Describe(err error) Problem {
	if known, ok := errors.AsType[*Error](err); ok {
		return known.Problem
	}
	p := Problem{Class: Classify(err)}
	var server *mysql.MySQLError
	switch {
	case err == nil:
	case p.Class == ClassCanceled:
		p.Sentence = "canceled"
		if errors.Is(err, context.DeadlineExceeded) {
			p.Sentence = "time is up"
		}
	case errors.As(err, &server):
		describeServer(&p, server)
		if refused := (*RefusedLogin)(nil); errors.As(err, &refused) {
			p.Remedy += fmt.Sprintf("; the login is tried again within %.0f s, by one connection, or at once when its "+
				"file: or exec: secret changes", refused.Pause.Seconds())
		}
	default:
		describeDriver(&p, err)
	}
	return p
}

// DescribeWarning is Describe for a line of SHOW WARNINGS. A warning is a row that would not
// arrive as it is, unless its number says otherwise.
func DescribeWarning(number uint16, message string) Problem {
	p := Describe(&mysql.MySQLError{Number: number, Message: message})
	if p.Class == ClassUnknown {
		p.Sentence = "the server warned of something that is not known here"
	}
	return p
}

func describeServer(p *Problem, e *mysql.MySQLError) {
	p.Number = e.Number
	v, known := infoOf(e)
	p.Sentence, p.Remedy = v.message, v.remedy
	if v.safeText {
		p.Sentence = e.Message
	}
	if state := sqlState(e); !known && state != "" {
		p.Sentence += ", SQLSTATE " + state
	}
	p.Column, p.Key, p.Row = names(e)
}

func describeDriver(p *Problem, err error) {
	if holdsValue(err) {
		p.Sentence = "the server's reply is not of the type that was asked for"
		return
	}
	switch p.Class {
	case ClassSplit:
		p.Sentence, p.Remedy = "the statement is larger than the server's max_allowed_packet",
			"raise max_allowed_packet on the server"
	case ClassConfiguration:
		p.Sentence = err.Error()
		var file *FileError
		var dsn *DSNError
		switch {
		case errors.As(err, &dsn):
			p.Sentence, p.Remedy = ErrBadDSN.Error()+": "+dsn.What, dsn.Write
		case errors.As(err, &file):
			p.Remedy = "put the PEM file there on every worker, or correct the connection's ca setting"
		case errors.Is(err, ErrServerTooOld):
			p.Remedy = "upgrade the server"
		case isCertificate(err):
			p.Remedy = "name the authority of the server's certificate (tls: verify-ca, and ca: its ca.pem), or " +
				"encrypt without looking at it (tls: required, which ?tls=skip-verify at the end of a DSN means, too)"
		case errors.Is(err, mysql.ErrNoTLS):
			p.Remedy = "turn TLS on at the server, or leave out the encryption in a network that you trust " +
				"(tls: disabled, which ?tls=false at the end of a DSN means, too)"
		default:
			p.Remedy = remedyLogin
		}
	case ClassRetry:
		p.Sentence = "connection trouble: " + err.Error()
	default:
		p.Sentence = err.Error()
	}
}

// A server's message ends with the names, after the values. The expressions match at the end, so that
// a value which imitates such an ending is not taken for a name.
var (
	nullColumn = regexp.MustCompile(`^(?:Column|Field) '(.+)' (?:cannot be null|doesn't have a default value)$`)
	jsonColumn = regexp.MustCompile(`(?s) in value for column '([^\n]+)'\.?$`)
	rowOnly    = regexp.MustCompile(` at row (\d+)$`)
	constraint = regexp.MustCompile("(?i)constraint [`']((?:[^`']|``)+)[`']")
	forKey     = " for key '"
)

// names reads the column, the key and the row from a message, and nothing else.
func names(e *mysql.MySQLError) (column, key string, row int) {
	m := e.Message
	switch e.Number {
	case ErrDuplicateEntry:
		// The value comes first and may imitate the rest, so the last match counts.
		if i := strings.LastIndex(m, forKey); i >= 0 {
			key = strings.TrimSuffix(m[i+len(forKey):], "'")
		}
	case errBadNull, errNoDefault:
		if g := nullColumn.FindStringSubmatch(m); g != nil {
			column = g[1]
		}
	case errInvalidJSON:
		if g := jsonColumn.FindStringSubmatch(m); g != nil {
			column = g[1]
			if i := strings.IndexByte(column, '.'); i >= 0 { // "table.column"
				column = column[i+1:]
			}
		}
	case ErrForeignKey, errCheckViolated, errConstraintFailed:
		if g := constraint.FindStringSubmatch(m); g != nil {
			key = strings.ReplaceAll(g[1], "``", "`")
		}
	case errOutOfRange, ErrDataTruncated, errWrongValue, errWrongValueForField, errDataTooLong, errIllegalValue:
		column, row = columnOf(m)
	}
	return column, key, row
}

func columnOf(m string) (column string, row int) {
	if g := rowOnly.FindStringSubmatch(m); g != nil {
		row, _ = strconv.Atoi(g[1])
	}
	i := strings.LastIndex(m, " for column ")
	if i < 0 || row == 0 {
		return "", row
	}
	name := m[i+len(" for column ") : strings.LastIndex(m, " at row ")]
	return unquoteName(name), row
}

// unquoteName reads 'c' (MySQL) and `s`.`t`.`c` (MariaDB).
func unquoteName(s string) string {
	if strings.HasPrefix(s, "'") && strings.HasSuffix(s, "'") && len(s) >= 2 {
		return s[1 : len(s)-1]
	}
	if !strings.HasSuffix(s, "`") {
		return s
	}
	// The last identifier: from the last "`.`" on, with doubled backticks read back.
	s = strings.TrimSuffix(s, "`")
	if i := strings.LastIndex(s, "`.`"); i >= 0 {
		s = s[i+3:]
	} else {
		s = strings.TrimPrefix(s, "`")
	}
	return strings.ReplaceAll(s, "``", "`")
}

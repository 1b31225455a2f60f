package dsn

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"slices"

	"github.com/go-sql-driver/mysql"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// TLSMode says how a connection is protected. There is no mode that falls back silently.
//
// The empty mode is verify-identity, but disabled where the connection never leaves the
// machine (a loopback address or a unix socket).
type TLSMode string

const (
	// TLSDisabled sends everything in the clear.
	TLSDisabled TLSMode = "disabled"
	// TLSRequired encrypts and trusts any certificate.
	TLSRequired TLSMode = "required"
	// TLSVerifyCA encrypts and checks the certificate's chain, not its host name.
	TLSVerifyCA TLSMode = "verify-ca"
	// TLSVerifyIdentity encrypts and checks the chain and the host name.
	TLSVerifyIdentity TLSMode = "verify-identity"
)

// TLSModes are the modes that a configuration may name.
func TLSModes() []TLSMode {
	return []TLSMode{TLSDisabled, TLSRequired, TLSVerifyCA, TLSVerifyIdentity}
}

// CheckCA reports whether a file holds certificate authorities.
func CheckCA(file string) error {
	if _, err := readCAs(file); err != nil {
		return &mysqlerr.FileError{Path: file, Cause: err}
	}
	return nil
}

var errNoCertificates = errors.New("no PEM certificate in it")

// applyTLS sets the TLS configuration of a mode; the DSN's own tls parameter decides where no mode is set.
func applyTLS(cfg *mysql.Config, set TLSMode, caFile string) error {
	mode, err := tlsMode(cfg, set)
	if err != nil {
		return err
	}
	cfg.TLS, cfg.TLSConfig, cfg.AllowFallbackToPlaintext = nil, "", false
	if mode == TLSDisabled && caFile != "" {
		if err := checkCAIsUsed(cfg, set); err != nil {
			return err
		}
	}
	if mode == TLSDisabled {
		if cfg.AllowCleartextPasswords && !isLocal(cfg) {
			return badDSN("leave it out, or set tls for the connection", "allowCleartextPasswords needs an encrypted "+
				"connection")
		}
		return nil
	}
	host, _, err := net.SplitHostPort(cfg.Addr)
	if err != nil || cfg.Net == "unix" {
		return badDSN("set tls: disabled for the connection, or use tcp( )", "a unix socket is not encrypted")
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if caFile != "" {
		if conf.RootCAs, err = readCAs(caFile); err != nil {
			return &mysqlerr.FileError{Path: caFile, Cause: err}
		}
	}
	switch mode {
	case TLSRequired:
		conf.InsecureSkipVerify = true
	case TLSVerifyCA:
		// Go checks the chain and the name together or neither, so the chain is checked by hand.
		conf.InsecureSkipVerify = true
		conf.VerifyConnection = verifyChain(conf.RootCAs)
	case TLSVerifyIdentity, TLSDisabled:
	}
	cfg.TLS = conf
	return nil
}

// checkCAIsUsed refuses authorities for a connection that is not encrypted, and that no setting calls so: a person who
// names them expects encryption, and a loopback address has none by default.
func checkCAIsUsed(cfg *mysql.Config, set TLSMode) error {
	if cfg.TLS != nil || set == TLSDisabled || cfg.Net == "unix" {
		return nil
	}
	return badDSN("set tls: verify-ca beside it, or verify-identity where the certificate has this address; or remove "+
		"ca", "the ca setting checks nothing: tls is not set, and without it a connection to a loopback address is "+
		"not encrypted")
}

// tlsMode joins the setting with the DSN's own tls parameter; a contradiction is an error.
func tlsMode(cfg *mysql.Config, set TLSMode) (TLSMode, error) {
	var fromDSN TLSMode
	switch cfg.TLSConfig {
	case "":
	case "true":
		fromDSN = TLSVerifyIdentity
	case "false":
		fromDSN = TLSDisabled
	case "skip-verify":
		fromDSN = TLSRequired
	default:
		return "", badDSN(writeTLS, "its tls parameter is none that this program knows")
	}
	switch {
	case set != "" && fromDSN != "" && set != fromDSN:
		return "", badDSN("leave one of them out", "its tls parameter means %s, the connection's tls setting says %s",
			fromDSN, set)
	case set == "" && fromDSN != "":
		return fromDSN, nil
	case set == "" && isLocal(cfg):
		return TLSDisabled, nil
	case set == "":
		return TLSVerifyIdentity, nil
	}
	if slices.Contains(TLSModes(), set) {
		return set, nil
	}
	return "", badDSN(writeTLS, "unknown tls mode %q", set)
}

func readCAs(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errNoCertificates
	}
	return pool, nil
}

func verifyChain(roots *x509.CertPool) func(tls.ConnectionState) error {
	return func(cs tls.ConnectionState) error {
		opts := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool()}
		for _, c := range cs.PeerCertificates[1:] {
			opts.Intermediates.AddCert(c)
		}
		_, err := cs.PeerCertificates[0].Verify(opts)
		return err
	}
}

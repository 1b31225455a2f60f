package dsn

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Off the machine everything is checked by default.
func TestTLSByDefault(t *testing.T) {
	for dsn, want := range map[string]TLSMode{
		"u:p@tcp(db.example.com:3306)/":                        TLSVerifyIdentity,
		"u:p@tcp(10.0.0.7:3306)/":                              TLSVerifyIdentity,
		"u:p@tcp(192.0.2.1:3306)/?tls=":                        TLSVerifyIdentity,
		"u:p@tcp([2001:db8::1]:3306)/":                         TLSVerifyIdentity,
		"u:p@tcp(localhost.example.com:3306)/":                 TLSVerifyIdentity,
		"u:p@tcp(127.0.0.1.example.com:3306)/":                 TLSVerifyIdentity,
		"u:p@tcp(0.0.0.0:3306)/":                               TLSVerifyIdentity,
		"u:p@tcp(db.example.com:3306)/?tls=false":              TLSDisabled,
		"u:p@tcp(db.example.com:3306)/?tls=skip-verify":        TLSRequired,
		"u:p@tcp(127.0.0.1:3306)/?tls=true":                    TLSVerifyIdentity,
		"u:p@tcp(127.0.0.1:3306)/":                             TLSDisabled,
		"u:p@tcp(localhost:3306)/":                             TLSDisabled,
		"u:p@tcp([::1]:3306)/":                                 TLSDisabled,
		"u:p@unix(/run/mysqld.sock)/":                          TLSDisabled,
		"u:p@tcp(db.example.com)/":                             TLSVerifyIdentity,
		"u:p@tcp(db.example.com:3306)/?allowNativePasswords=1": TLSVerifyIdentity,
	} {
		cfg, err := Config(dsn, "", "")
		require.NoError(t, err, dsn)
		require.False(t, cfg.AllowFallbackToPlaintext, dsn)
		switch want {
		case TLSDisabled:
			require.Nil(t, cfg.TLS, dsn)
		case TLSRequired:
			require.True(t, cfg.TLS.InsecureSkipVerify, dsn)
		default:
			require.NotNil(t, cfg.TLS, dsn)
			require.False(t, cfg.TLS.InsecureSkipVerify, dsn)
			require.NotEmpty(t, cfg.TLS.ServerName, dsn)
		}
	}
}

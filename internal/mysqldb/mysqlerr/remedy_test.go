package mysqlerr_test

import (
	"crypto/x509"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/mysqldb/mysqlerr"
)

// A connection to another host is encrypted and checked, so that these two are what a new connection meets first: their
// remedies name the setting, and the parameter of a DSN, which is all that `tablehaul init` takes.
func TestTheRemediesOfTLSNameTheSetting(t *testing.T) {
	t.Parallel()
	for err, want := range map[error][]string{
		x509.UnknownAuthorityError{}: {"tls: verify-ca", "tls: required", "?tls=skip-verify"},
		mysql.ErrNoTLS:               {"tls: disabled", "?tls=false"},
	} {
		for _, part := range want {
			require.Contains(t, mysqlerr.Describe(err).Remedy, part)
		}
	}
}

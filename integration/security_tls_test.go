package integration_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tablehaul/tablehaul/internal/failure"
	"github.com/tablehaul/tablehaul/internal/testenv/servers"
	"github.com/tablehaul/tablehaul/workflows"
)

// authority is a certificate authority of the test's own.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	// file is its certificate, for the connection's ca setting.
	file string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	dir, err := os.MkdirTemp("", "tablehaul-ca") // t.TempDir is closed to the account that servers run as
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	a := &authority{t: t, dir: dir}
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	a.cert = &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour),
		IsCA:     true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, a.cert, a.cert, a.key.Public(), a.key)
	require.NoError(t, err)
	a.file = a.write(name+".pem", "CERTIFICATE", der)
	return a
}

func (a *authority) write(name, kind string, der []byte) string {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	require.NoError(a.t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o644))
	return path
}

// server starts a server whose certificate is this authority's, for host.
func (a *authority) server(f servers.Flavor, host string) *servers.Server {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(a.t, err)
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(host); ip != nil {
		cert.IPAddresses = []net.IP{ip}
	} else {
		cert.DNSNames = []string{host}
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, a.cert, key.Public(), a.key)
	require.NoError(a.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(a.t, err)
	return servers.Private(a.t, f, "--ssl-ca="+a.file, "--ssl-cert="+a.write("server.pem", "CERTIFICATE", der),
		"--ssl-key="+a.write("server-key.pem", "PRIVATE KEY", private))
}

// secured starts a product whose source connection has these further settings. Its login is
// refused by the server unless the connection is encrypted, where encrypted is set.
func secured(t *testing.T, s *servers.Server, settings string, encrypted bool) *product {
	t.Helper()
	p := start(t, options{source: s, target: servers.MySQL(t), idle: true})
	exec(t, p.src, createT, insertT(1, 20), "UPDATE t SET updated_at = '2024-01-01'")
	dsn := p.login(s, sourceGrants...)
	if encrypted {
		user, _, _ := strings.Cut(dsn, ":")
		exec(t, s.DB(t, ""), "ALTER USER '"+user+"'@'%' REQUIRE SSL")
	}
	p.writeConfig(options{tables: oneTable, sourceDSN: dsn, targetDSN: servers.MySQL(t).DSN("")})
	text, err := os.ReadFile(p.config())
	require.NoError(t, err)
	changed := strings.Replace(string(text), "shop: { ", "shop: { "+settings, 1)
	require.NoError(t, os.WriteFile(p.config(), []byte(changed), 0o600))
	p.startWorker()
	return p
}

// Each tls setting does what its name says, and nothing less where the server cannot.
func TestTLSSettings(t *testing.T) {
	t.Parallel()
	for _, flavor := range []servers.Flavor{servers.FlavorMySQL, servers.FlavorMariaDB} {
		t.Run(string(flavor), func(t *testing.T) {
			t.Parallel()
			ours, theirs := newAuthority(t, "ours"), newAuthority(t, "theirs")
			here, elsewhere := ours.server(flavor, "127.0.0.1"), ours.server(flavor, "192.0.2.7")
			for name, c := range map[string]struct {
				server   *servers.Server
				settings string
				// plain says that the server's own demand for encryption is left out.
				plain bool
				// refused is part of the refusal; empty where the run must succeed.
				refused string
			}{
				"disabled":                            {here, `tls: disabled, `, true, ""},
				"disabled, and the server demands it": {here, `tls: disabled, `, false, "ccess denied"},
				"required":                            {elsewhere, `tls: required, `, false, ""},
				"verify-ca": {
					elsewhere, `tls: verify-ca, ca: "` + ours.file + `", `, false,
					"",
				},
				"verify-ca, another authority": {
					here, `tls: verify-ca, ca: "` + theirs.file + `", `, false,
					"certificate",
				},
				"verify-ca, the system's authorities": {here, `tls: verify-ca, `, false, "certificate"},
				"verify-identity": {
					here, `tls: verify-identity, ca: "` + ours.file + `", `, false,
					"",
				},
				"verify-identity, of another host": {
					elsewhere, `tls: verify-identity, ca: "` + ours.file + `", `,
					true, "valid for 192.0.2.7, not 127.0.0.1",
				},
				"verify-identity, another authority": {
					here, `tls: verify-identity, ca: "` + theirs.file + `", `, true,
					"certificate",
				},
				"verify-identity, the system's CAs": {here, `tls: verify-identity, `, true, "certificate"},
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					p := secured(t, c.server, c.settings, !c.plain)
					r, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
					if c.refused == "" {
						require.NoError(t, err)
						require.EqualValues(t, 20, r.Inserted)
						return
					}
					requireFailure(t, err, failure.ServerRejected, c.refused, "connection shop")
					p.requireNothingWritten()
				})
			}
		})
	}
}

// MySQL makes certificates of its own, for no host: the chain can be checked, the name cannot.
func TestCertificatesThatMySQLMakes(t *testing.T) {
	t.Parallel()
	s := servers.Private(t, servers.FlavorMySQL, "--auto-generate-certs=ON")
	ca := filepath.Join(scalar(t, s.DB(t, ""), "SELECT @@datadir"), "ca.pem")
	p := secured(t, s, `tls: verify-ca, ca: "`+ca+`", `, true)
	require.EqualValues(t, 20, p.sync("t").Inserted)
	p = secured(t, s, `tls: verify-identity, ca: "`+ca+`", `, true)
	_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
	requireFailure(t, err, failure.ServerRejected, "certificate")
}

// Where a server has no TLS, a connection that wants it ends before the login is sent.
func TestNoSilentFallbackToPlainText(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"required", "verify-ca", "verify-identity"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			fake := startFake(t, nil)
			p := start(t, options{idle: true, sourceDSN: "sentinel-user:sentinel-password@tcp(" + fake.addr +
				")/?tls=" + map[string]string{
				"required": "skip-verify", "verify-ca": "", "verify-identity": "true",
			}[mode]})
			if mode == "verify-ca" {
				text, err := os.ReadFile(p.config())
				require.NoError(t, err)
				changed := strings.Replace(string(text), "/?tls=\"", "/\", tls: verify-ca", 1)
				require.NoError(t, os.WriteFile(p.config(), []byte(changed), 0o600))
			}
			p.startWorker()
			_, err := p.try(workflows.SyncTableInput{Table: p.table("t")})
			requireFailure(t, err, failure.ServerRejected, "connection shop", "TLS")
			require.NotContains(t, err.Error(), "sentinel")
			require.Empty(t, fake.received(), "the client must not answer a server that cannot encrypt")
		})
	}
}

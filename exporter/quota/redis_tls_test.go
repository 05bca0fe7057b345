// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configtls"
)

// authority signs the certificates of a test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

func newAuthority(t *testing.T) authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	certificate, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return authority{certificate, key, pemFile(t, "CERTIFICATE", der)}
}

func pemFile(t *testing.T, kind string, der []byte) string {
	file := filepath.Join(t.TempDir(), "file.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return file
}

// sign returns the files of a certificate and its key.
func (a authority) sign(t *testing.T, ends time.Time, names ...string) (certificate, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: ends, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, private.Public(), a.key)
	require.NoError(t, err)
	text, err := x509.MarshalECPrivateKey(private)
	require.NoError(t, err)
	return pemFile(t, "CERTIFICATE", der), pemFile(t, "EC PRIVATE KEY", text)
}

// startTLS starts a server with such a certificate, and returns the port for TLS.
func (a authority) startTLS(t *testing.T, clients string, ends time.Time, names ...string) int {
	certificate, key := a.sign(t, ends, names...)
	port := freePort(t)
	startRedis(t, "--tls-port", strconv.Itoa(port), "--tls-cert-file", certificate, "--tls-key-file", key,
		"--tls-ca-cert-file", a.file, "--tls-auth-clients", clients)
	return port
}

func TestRedisTLS(t *testing.T) {
	t.Parallel()
	ours, theirs := newAuthority(t), newAuthority(t)
	certificate, key := ours.sign(t, time.Now().Add(time.Hour), "collector")
	later, before := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	with := func(change func(*configtls.ClientConfig)) configoptional.Optional[configtls.ClientConfig] {
		cfg := configtls.NewDefaultClientConfig()
		cfg.CAFile = ours.file
		change(&cfg)
		return configoptional.Some(cfg)
	}
	tests := map[string]struct {
		clients string
		ends    time.Time
		name    string // in the certificate
		host    string
		tls     configoptional.Optional[configtls.ClientConfig]
		refused string // at the start
		waits   string
	}{
		"by the address that the certificate has": {"no", later, "127.0.0.1", "127.0.0.1", with(func(*configtls.ClientConfig) {}), "", ""},
		"by the name that the certificate has":    {"no", later, "localhost", "localhost", with(func(*configtls.ClientConfig) {}), "", ""},
		"by another name, which is said": {
			"no", later, "redis.test", "127.0.0.1", with(func(c *configtls.ClientConfig) { c.ServerName = "redis.test" }), "", "",
		},
		"by whatever certificate it has": {
			"no", before, "redis.test", "127.0.0.1", with(func(c *configtls.ClientConfig) { c.CAFile, c.InsecureSkipVerify = "", true }), "", "",
		},
		"with a certificate of the collector": {
			"yes", later, "127.0.0.1", "127.0.0.1", with(func(c *configtls.ClientConfig) { c.CertFile, c.KeyFile = certificate, key }), "", "",
		},
		"without one where it is wanted": {
			"yes", later, "127.0.0.1", "127.0.0.1", with(func(*configtls.ClientConfig) {}),
			"", "check tls::cert_file, tls::key_file and tls::min_version", // refused, unless the connection ends before it is said why
		},
		"of an authority that is not known": {
			"no", later, "127.0.0.1", "127.0.0.1", with(func(c *configtls.ClientConfig) { c.CAFile = theirs.file }),
			"x509: certificate signed by unknown authority", "",
		},
		"by a name that the certificate has not": {
			"no", later, "redis.test", "127.0.0.1", with(func(*configtls.ClientConfig) {}),
			"doesn't contain any IP SANs; check tls::ca_file, and tls::server_name_override where its name is another one", "",
		},
		"with a certificate that has ended": {
			"no", before, "127.0.0.1", "127.0.0.1", with(func(*configtls.ClientConfig) {}), "x509: certificate has expired", "",
		},
		"with a file that there is not": {
			"no", later, "127.0.0.1", "127.0.0.1", with(func(c *configtls.ClientConfig) { c.CAFile = "missing.pem" }), "quota::redis::tls: ", "",
		},
		"without TLS at a port for TLS": {
			"no", later, "127.0.0.1", "127.0.0.1", configoptional.None[configtls.ClientConfig](),
			"", "set tls if the port is for TLS",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			port := ours.startTLS(t, tt.clients, tt.ends, tt.name)
			limits := badLimits(fmt.Sprintf("%s:%d", tt.host, port), func(c *RedisConfig) { c.TLS = tt.tls })
			p, err := useRedis(t, limits)
			switch {
			case tt.refused != "":
				if err == nil { // the machine was too busy to find out within the time of an ask
					p.fails(t, tt.refused)
					return
				}
				require.ErrorContains(t, err, tt.refused)
			case tt.waits != "":
				if err != nil {
					require.ErrorContains(t, err, tt.waits)
					return
				}
				p.fails(t, tt.waits)
				p.holds(t)
			default:
				require.NoError(t, err)
				p.leaves(t)
			}
		})
	}
}

func TestRedis_IsCalledByIPv6(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skip("this machine has no IPv6")
	}
	require.NoError(t, l.Close())
	s := startRedis(t, "--bind", "127.0.0.1", "::1")
	mustUse(t, badLimits(fmt.Sprintf("[::1]:%d", s.port))).leaves(t)
}

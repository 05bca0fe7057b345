// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package route // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/route"

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// connectionReasons are the reasons of what a system says of a connection. On Windows
// the numbers of package syscall are invented, and Winsock gives its own.
var connectionReasons = map[syscall.Errno]string{
	syscall.ECONNREFUSED: ReasonConnectionRefused,
	syscall.ECONNRESET:   ReasonConnectionReset,
	syscall.ECONNABORTED: ReasonConnectionReset,
	syscall.EPIPE:        ReasonConnectionReset,

	10053: ReasonConnectionReset,   // WSAECONNABORTED
	10054: ReasonConnectionReset,   // WSAECONNRESET
	10060: ReasonTimeout,           // WSAETIMEDOUT
	10061: ReasonConnectionRefused, // WSAECONNREFUSED
}

// failure reads the error of a call that got no answer. Only its kind is kept:
// the text of such an error may hold the URL, a proxy's credentials or the answer
// of a token server.
func failure(err error) Answer {
	a := failureOf(err)
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "proxyconnect" {
		a.Detail = strings.TrimPrefix(a.Detail+", ", ", ") + "on the way to the proxy, see proxy_url"
	}
	return a
}

func failureOf(err error) Answer {
	var (
		proxy     proxyError
		dns       *net.DNSError
		record    tls.RecordHeaderError
		unknownCA x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		verify    *tls.CertificateVerificationError
		netErr    net.Error
		errno     syscall.Errno
	)
	switch {
	case errors.Is(err, context.Canceled):
		return Answer{Verdict: NotNow, Reason: ReasonCanceled}
	case errors.As(err, &proxy):
		return proxy.answer()
	case errors.As(err, &dns):
		if dns.IsTemporary || dns.IsTimeout {
			return Answer{Verdict: NotNow, Reason: ReasonDNS}
		}
		return Answer{Verdict: SetupFault, Reason: ReasonDNS, Detail: "no such host"}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &netErr) && netErr.Timeout():
		return Answer{Verdict: NotNow, Reason: ReasonTimeout}
	case errors.As(err, &verify), errors.As(err, &unknownCA), errors.As(err, &hostname),
		errors.As(err, &invalid), errors.As(err, &record), isAlert(err),
		errors.Is(err, http.ErrSchemeMismatch):
		return Answer{Verdict: SetupFault, Reason: ReasonTLS, Detail: tlsDetail(err)}
	case errors.As(err, &errno) && connectionReasons[errno] != "":
		return Answer{Verdict: NotNow, Reason: connectionReasons[errno]}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Answer{Verdict: NotNow, Reason: ReasonConnectionClosed}
	default:
		return Answer{Verdict: NotNow, Reason: ReasonNetwork}
	}
}

// isAlert reports whether one side ended the connection with a TLS alert, such as a
// server that wants a client certificate. crypto/tls keeps the alert's type to
// itself and marks it by the operation only.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && (op.Op == "remote error" || op.Op == "local error")
}

// tlsDetail says what a certificate lacks.
func tlsDetail(err error) string {
	var (
		record    tls.RecordHeaderError
		unknownCA x509.UnknownAuthorityError
		hostname  x509.HostnameError
		invalid   x509.CertificateInvalidError
		op        *net.OpError
	)
	switch {
	case errors.As(err, &unknownCA):
		return "the certificate is signed by an unknown authority, see tls::ca_file"
	case errors.As(err, &hostname):
		return "the certificate is of another host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		if strings.Contains(invalid.Detail, "is before") {
			return "the certificate is valid from " + invalid.Cert.NotBefore.UTC().Format(time.DateOnly) + " on"
		}
		return "the certificate expired on " + invalid.Cert.NotAfter.UTC().Format(time.DateOnly)
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "the server does not speak TLS, see endpoint"
	case isAlert(err) && errors.As(err, &op):
		return "the handshake ended with " + op.Err.Error()
	}
	return "the handshake failed"
}

// proxyError is the answer of a proxy that does not let a connection through.
type proxyError struct{ status int }

func (e proxyError) Error() string { return "the proxy answers CONNECT with " + strconv.Itoa(e.status) }

// answer returns what it means for a call: a proxy that fails may let the next one through, one
// that refuses has to be set up.
func (e proxyError) answer() Answer {
	a := Answer{Verdict: SetupFault, Reason: ReasonProxy, Detail: "the proxy, see proxy_url, answers CONNECT with " + strconv.Itoa(e.status)}
	if statusAnswer(e.status, 0).Verdict == NotNow {
		a.Verdict = NotNow
	}
	return a
}

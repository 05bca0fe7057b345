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
	"syscall"
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
	var (
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
	case errors.As(err, &dns):
		if dns.IsTemporary || dns.IsTimeout {
			return Answer{Verdict: NotNow, Reason: ReasonDNS}
		}
		return Answer{Verdict: SetupFault, Reason: ReasonDNS}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &netErr) && netErr.Timeout():
		return Answer{Verdict: NotNow, Reason: ReasonTimeout}
	case errors.As(err, &verify), errors.As(err, &unknownCA), errors.As(err, &hostname),
		errors.As(err, &invalid), errors.As(err, &record), isAlert(err),
		errors.Is(err, http.ErrSchemeMismatch):
		return Answer{Verdict: SetupFault, Reason: ReasonTLS}
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

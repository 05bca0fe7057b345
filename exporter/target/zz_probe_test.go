package target

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"golang.org/x/net/http2"
)

func TestProbeRST(t *testing.T) {
	ts := httptest.NewUnstartedServer(nil)
	ts.EnableHTTP2 = true
	ts.StartTLS()
	cert := ts.TLS.Certificates[0]
	pool := ts.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	ts.Close()
	for _, code := range []http2.ErrCode{http2.ErrCodeProtocol, http2.ErrCodeRefusedStream, http2.ErrCodeInternal} {
		for _, cfg := range []Config{{Method: "GET", Path: "/u"}, {Method: "POST", Path: "/u", Parameters: Query}, {Method: "POST", Path: "/u"}} {
			l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"h2"}})
			require.NoError(t, err)
			var streams atomic.Int64
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					go func() {
						defer c.Close()
						buf := make([]byte, len(http2.ClientPreface))
						if _, err := c.Read(buf); err != nil {
							return
						}
						f := http2.NewFramer(c, c)
						f.WriteSettings()
						for {
							fr, err := f.ReadFrame()
							if err != nil {
								return
							}
							switch fr := fr.(type) {
							case *http2.SettingsFrame:
								if !fr.IsAck() {
									f.WriteSettingsAck()
								}
							case *http2.HeadersFrame:
								if fr.StreamEnded() {
									streams.Add(1)
									f.WriteRSTStream(fr.StreamID, code)
								}
							case *http2.DataFrame:
								if fr.StreamEnded() {
									streams.Add(1)
									f.WriteRSTStream(fr.StreamID, code)
								}
							}
						}
					}()
				}
			}()
			api, _ := NewAPI(cfg, "https://"+l.Addr().String(), "acme")
			tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}
			c := NewClient(api, &http.Client{Timeout: 3 * time.Second, Transport: tr}, "x/1")
			fmt.Println(code, cfg.Method, cfg.Parameters, c.Send(context.Background(), []byte("a=b")), "streams", streams.Load())
			l.Close()
			c.Close()
		}
	}
	_ = net.IPv4len
}

func TestProbeConf(t *testing.T) {
	for _, force := range []bool{true, false} {
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Println(force, r.Proto)
			fmt.Fprint(w, "true")
		}))
		var open atomic.Int64
		srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				open.Add(1)
			}
			if s == http.StateClosed {
				open.Add(-1)
			}
		}
		srv.EnableHTTP2 = true
		srv.StartTLS()
		for _, insecure := range []bool{true} {
			cc := confighttp.NewDefaultClientConfig()
			cc.ForceAttemptHTTP2 = force
			cc.TLS.InsecureSkipVerify = insecure
			cc.Headers = configopaque.MapList{{Name: "X-A", Value: "b"}}
			hc, err := cc.ToClient(t.Context(), nil, componenttest.NewNopTelemetrySettings())
			require.NoError(t, err)
			api, _ := NewAPI(NewDefaultConfig(), srv.URL, "acme")
			c := NewClient(api, hc, "x/1")
			fmt.Println(c.Send(context.Background(), []byte("a=b")))
			c.Close()
			time.Sleep(100 * time.Millisecond)
			fmt.Println("open after close with headers:", open.Load())
		}
		srv.Close()
	}
}

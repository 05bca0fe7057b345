// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package quota // import "github.com/otelcol-adobetarget/adobetargetexporter/exporter/quota"

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/redis/go-redis/v9"
)

// remedy is what to do about an error of Redis.
type remedy struct {
	begins  string // of the error
	lasting bool   // it does not pass by itself
	advice  string
}

// rights are those that an ACL user needs, beside the keys: SELECT only where db is set, and CLUSTER SLOTS only
// in a cluster.
//
//	ACL SETUSER collector on >secret resetkeys ~{adobe_target:* resetchannels -@all +evalsha +eval +time +info
//	  +hgetall +hlen +hmget +hset +hdel +hincrby +del +pexpire +zadd +zcard +zcount +zrange +zrank +zrem
//	  +zremrangebyscore +zscore
const rights = "+evalsha +eval +time +info +hgetall +hlen +hmget +hset +hdel +hincrby +del +pexpire +zadd +zcard " +
	"+zcount +zrange +zrank +zrem +zremrangebyscore +zscore"

const (
	noPassword = "the server wants a password, give username and password"
	noRight    = "the ACL user needs " + rights + " on the keys that begin with a brace and the prefix, " +
		"and +select where db is set or +cluster|slots in a cluster"
	otherTLS = "the server may want another TLS, check tls::cert_file, tls::key_file and tls::min_version"
	// notOfOurs and notRedis are about what only other programs can have written or said.
	notOfOurs = "a key of the prefix holds what this exporter did not write, choose another prefix"
	notRedis  = "what answers there is no Redis server, set endpoint to one"
)

// remedies are in the order in which they are looked up.
var remedies = []remedy{
	{"WRONGPASS", true, "give the server's username and password"},
	{"NOAUTH", true, noPassword},
	{"ERR Protocol error: unauthenticated", true, noPassword}, // to what is longer than it reads of a stranger
	{"ERR AUTH", true, "the server has no password, remove username and password"},
	{"ERR Client sent AUTH", true, "the server has no password, remove username and password"},
	{"NOPERM", true, noRight},
	{"ERR The user executing the script can't", true, noRight},
	{"DENIED", true, "set a password on the server, or have it listen where only the collectors are"},
	{"WRONGTYPE", true, "a key of the prefix holds something else, choose another prefix"},
	{"MOVED", true, "the server is a node of a cluster, set cluster: true"},
	{"ASK ", true, "the server is a node of a cluster, set cluster: true"},
	{"CROSSSLOT", true, "the server is a node of a cluster, set cluster: true"},
	{"ERR SELECT is not allowed in cluster", true, "the server is a node of a cluster, set cluster: true and remove db"},
	{"ERR This instance has cluster support disabled", true, "the server is no node of a cluster, remove cluster"},
	{"ERR DB index is out of range", true, "choose a lower db, or raise databases of the server"},
	{"ERR unknown command", true, "the endpoint must be a Redis server that runs scripts; where it is a sentinel set sentinel_master, and nowhere else"},
	{"ERR max number of clients", false, "the server has no room for another connection, raise its maxclients"},
	{"READONLY", false, "the server is a replica: unless it is just being promoted, set endpoint to the master, or sentinel_master or cluster"},
	{"OOM", false, "the server's memory is full, raise maxmemory"},
	{"MISCONF", false, "the server cannot write its disk, see its log"},
	{"NOREPLICAS", false, "the server has fewer replicas than its min-replicas-to-write"},
	{"BUSY", false, "the server runs another script for too long"},
	{"LOADING", false, "the server still reads what it has stored"},
	{"CLUSTERDOWN", false, "the cluster has no master for the account, see cluster info"},
}

// unreadable are the errors of the client about what is not Redis' protocol, or not an answer to what was asked.
var unreadable = []string{"redis: can't parse", "redis: invalid reply", "redis: unexpected type", "redis: the length of"}

// fault says what an error of the client means. One that is errRefused does not pass by itself.
func (l *lender) fault(err error) error {
	if dialed := l.dialed.Load(); dialed != nil && late(err) {
		err = *dialed
	}
	lasting, what, advice := l.remedy(err)
	if lasting {
		return fmt.Errorf("quota::redis: %s has %w to be asked: %s; %s", l.cfg.Endpoint, errRefused, what, advice)
	}
	if advice != "" {
		advice = "; " + advice
	}
	return fmt.Errorf("quota::redis: %s cannot be asked: %s%s", l.cfg.Endpoint, what, advice)
}

// remedy returns what was said, without what it says of keys or of another program's data.
func (l *lender) remedy(err error) (lasting bool, what, advice string) {
	if said, ok := errors.AsType[redis.Error](err); ok {
		what, _, _ = strings.Cut(said.Error(), ", with args") // which names keys
		what, _, _ = strings.Cut(what, " script: ")           // which names a line
		what, _, _ = strings.Cut(what, ". ")                  // which goes on for a page
		for _, r := range remedies {
			if strings.HasPrefix(what, r.begins) {
				return r.lasting, strings.TrimSuffix(what, "."), r.advice
			}
		}
		if strings.Contains(said.Error(), "user_script") {
			return true, "ERR in its script", notOfOurs
		}
		return false, what, ""
	}
	var certificate *tls.CertificateVerificationError
	var noTLS tls.RecordHeaderError
	var network *net.OpError
	switch {
	case errors.As(err, &certificate):
		return true, certificate.Err.Error(), "check tls::ca_file, and tls::server_name_override where its name is another one"
	case errors.As(err, &noTLS):
		return true, "it does not speak TLS", "remove tls, or set endpoint to the port for TLS"
	case errors.As(err, &network) && network.Op == "remote error":
		return true, network.Err.Error(), otherTLS
	case late(err):
		return false, "no answer within " + l.patience.String(), l.silence()
	case errors.As(err, &network) && network.Op == "dial":
		return false, err.Error(), ""
	case errors.Is(err, io.EOF), errors.As(err, &network), errors.As(err, new(syscall.Errno)):
		if l.cfg.TLS.HasValue() {
			return false, "it ends the connection", otherTLS
		}
		return false, "it ends the connection", "set tls if the port is for TLS"
	case strings.HasPrefix(err.Error(), "redis: all sentinels"):
		return false, "no sentinel names a master", l.silence()
	case slices.ContainsFunc(unreadable, func(begins string) bool { return strings.HasPrefix(err.Error(), begins) }):
		return true, "its answer cannot be read", notRedis
	}
	return false, err.Error(), ""
}

func late(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded)
}

// silence is what to look at where nothing answers.
func (l *lender) silence() string {
	switch {
	case l.cfg.TLS.HasValue():
		return "remove tls if the port is not for TLS"
	case l.cfg.SentinelMaster != "":
		return "the endpoint must be a sentinel that watches sentinel_master"
	}
	return ""
}

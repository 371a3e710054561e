// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_OBSERVER_H_
#define WEFT_SERVER_OBSERVER_H_

#include <cstdint>
#include <string_view>

#include <weft/concurrency/error.h>
#include <weft/concurrency/clock.h>

namespace weft {

// The events that an Observer receives. All views are valid during the call only. `server` is the
// ServerOptions::name of the server in question. If an event is about one request, `request_id` is
// the id that the middleware RequestId has given it; empty if there is none.

// The server is listening. Reported before the first accept.
struct Listening {
  std::string_view bound;  // "http://127.0.0.1:8080"
  std::string_view server = {};
};

// A connection was accepted. Reported only to observers that ask for it:
// Observer::WatchesConnections.
struct ConnectionOpened {
  int descriptor;         // different from that of every other open connection
  // The address that has connected: a proxy, if options.proxy_protocol_from names it.
  std::string_view peer;
  std::string_view server = {};
};

enum class CloseReason : std::uint8_t {
  kClient,      // the client closed or reset it
  // after a final response: the client, the handler or a limit of requests asked for it
  kComplete,
  kAborted,     // a response was broken off
  kBadRequest,  // also a bad PROXY header
  kTimedOut,
  kOverload,  // too many requests, or no memory for this one
  kEvicted,   // it was idle, or slow to send a head, and its descriptor was needed
  kDrain,     // the server ended after a clean drain
  kForced,    // the server ended before the request did
  kTls,       // the handshake failed, or TLS could not continue (TlsFailed)
  kMisbehaved,  // over HTTP/2 (PeerMisbehaved)
  // Old names, for one release.
  kAnswered [[deprecated("kComplete")]] = kComplete,
  kCutOff [[deprecated("kForced")]] = kForced,
};

// A connection has ended; its descriptor is still open during this call. Reported only to observers
// that ask for it: Observer::WatchesConnections.
struct ConnectionClosed {
  int descriptor;
  std::string_view peer;  // the client, as its requests saw it
  CloseReason reason;
  std::uint64_t requests;  // that reached a handler
  std::string_view server = {};
};

// The bytes received are not a valid request. The response has this `status`, unless a response has
// already started, or the handler has chosen another one for a bad body. The connection is closed.
struct BadRequest {
  std::string_view peer;  // "127.0.0.1:50000"
  int status;
  std::string_view reason;  // "bare LF"
  std::string_view request_id = {};  // of the request whose body it is
  std::string_view server = {};
};

// The server itself has responded to a request, or to the start of one, with this status instead of
// a handler: it was malformed or too slow, there are too many, there is no memory, or the server is
// ending. Reported for each one, for observers that count. The reasons are reported by other
// events, some of them once for many requests.
struct RequestRefused {
  int status;
  std::string_view reason;  // one of a few dozen fixed texts
  std::string_view server = {};
};

// A peer that options.proxy_protocol_from names did not start with a valid PROXY header. The
// connection was closed without a response.
struct BadProxyHeader {
  std::string_view peer;  // the proxy
  std::string_view reason;
  std::string_view server = {};
};

// A TLS connection was not established. The peer supports no common version or cipher, does not
// trust our certificate, has presented no valid one, has sent something that is not TLS, or has
// disconnected in the middle. On the open internet this is noise; inside a network it is usually a
// misconfigured client. A peer that disconnects before it has sent anything is not reported.
//
// Or it was `established`, and could not continue: a record was changed on its way, or the peer
// tries to renegotiate, floods the server with records without data or with key updates, or gives
// up with an alert. A peer that disconnects is not reported then.
struct TlsFailed {
  std::string_view peer;
  std::string_view reason;  // OpenSSL's words: "no shared cipher", "tlsv1 alert unknown ca", ...
  std::string_view server = {};
  bool established = false;
};

// The reason why the connection of an HTTP/2 client was ended (docs/http2.md).
enum class Misbehaviour : std::uint8_t {
  kProtocolError,    // what it has sent is not HTTP/2
  kResets,           // requests that it reset before a response, one after the other
  kStreamErrors,     // malformed requests, one after the other
  kControlFrames,    // PING, SETTINGS, frames of unknown types
  kEmptyData,        // DATA frames without a byte
  kPriorities,
  kWindowUpdates,    // many more than there was to send
  kRefusedStreams,   // more concurrent streams than allowed, again and again
  kOverhead,         // hardly a byte of payload in megabytes
  kFieldList,        // fields of four times head_bytes_max
};

// The connection was ended with GOAWAY, and its requests with it (kClientGone).
struct PeerMisbehaved {
  std::string_view peer;
  Misbehaviour kind;
  std::string_view server = {};
};

enum class TimeoutKind : std::uint8_t {
  kHeader,
  kBodyStall,
  kWriteStall,
  kIdle,
  kHandshake,
  // request_timeout ended the request's context while its handler ran, or it waited that long for a
  // slot
  kRequest,
  // A client of HTTP/2 for which requests were being served sent nothing, not even a reply to a
  // PING (ServerOptions::probe_after). The limit is the time it had for the reply.
  kProbe,
};

// A client was too slow, or a request took too long. The handler chooses the response.
struct TimedOut {
  std::string_view peer;
  TimeoutKind kind;
  Duration limit;
  std::string_view request_id = {};
  std::string_view server = {};
};

// There was no room for a new connection (LimitReached, AcceptFailed), so this one was closed: no
// request of it was being served. One whose last response is out is not reported.
struct ConnectionEvicted {
  std::string_view peer;
  TimeoutKind kind;  // the timeout that was running: kHandshake, kHeader or kIdle
  Duration waited;   // for the client, until then
  std::string_view server = {};
};

enum class LimitKind : std::uint8_t {
  kConnections,
  kRequests,  // in handlers: the next one waits for a slot
  kQueuedRequests,
  kLongLivedRequests,
  kBodyBytes,
  kRequestsPerConnection,
};

// A limit of ServerOptions was reached. Limits of a request's head are reported as BadRequest.
struct LimitReached {
  // Empty if the limit is not one of a peer: connections, and requests in handlers or queued.
  std::string_view peer;
  LimitKind kind;
  std::uint64_t limit;    // Of body bytes: the one that applied to the request (Body::SetLimit).
  std::string_view request_id = {};
  std::string_view server = {};
};

// There was no memory for a stack, or for something else that the server needs. The response to a
// request was 503. If `status` is 0, a connection was closed, or a response was broken off. In each
// case only this connection ends.
struct OutOfMemory {
  std::string_view peer;
  int status;
  std::string_view server = {};
};

// The response to a request was a 5xx instead of what its handler intended. Either the handler
// returned or threw an error that is the server's fault and not the client's. Or it succeeded, but
// what it wrote could not be sent as a response (a body shorter than its Content-Length, a hook
// that throws, 101 without Hijack, a file that cannot be read).
struct HandlerFailed {
  std::string_view peer;
  std::string_view method;
  std::string_view target;
  int status;
  const Error& error;  // Exception() says whether it was thrown
  std::string_view request_id = {};
  std::string_view server = {};
};

// A response that had started was broken off: the client sees a failed connection, and not a
// response that looks complete. Also reported if the handler of a hijacked connection returned an
// error; its stream ends as the handler has left it.
struct ResponseAborted {
  std::string_view peer;
  std::string_view method;
  std::string_view target;
  std::uint64_t body_bytes;  // of the response or stream, until then
  const Error& error;        // why: kClientGone, kTimeout, the handler's own, ...
  std::string_view request_id = {};
  std::string_view server = {};
};
// The old name, for one release.
using AnswerAborted [[deprecated("weft::ResponseAborted")]] = ResponseAborted;

enum class DrainPhase : std::uint8_t {
  kLameDuck,      // readiness fails, everything else is unchanged
  kDraining,      // no new connections; what was already received is served
  kCanceling,     // the drain timeout has expired: request contexts are canceled
  kForceClose,    // requests without a response get a 503, incomplete responses are reset
  kDrained,       // nothing is left
  // Old names, for one release.
  kPatienceOver [[deprecated("kCanceling")]] = kCanceling,
  kCutOff [[deprecated("kForceClose")]] = kForceClose,
};

// The drain has entered a phase.
struct DrainProgress {
  DrainPhase phase;
  std::uint64_t connections;  // open ones
  std::uint64_t requests;     // in handlers
  Duration elapsed;           // since the start of the drain
  // Why it started: the cause of ListenAndServe's context ("signal: terminated"), or why the
  // listener broke.
  Error cause = {};
  std::string_view server = {};
};

// A handler has not returned although its context is done and its connection is closed. The server
// cannot end before it does. Reported again and again. If the handler holds its loop, only its
// fiber is known.
struct HandlerStuck {
  std::string_view fiber;  // the name of its fiber
  std::string_view peer;
  std::string_view method;
  std::string_view target;
  Duration since;  // how long its context has been done
  std::string_view request_id = {};
  std::string_view server = {};
};

// accept(2) failed for more than a single connection. Either descriptors or memory ran out, and the
// server waits and continues. Or it failed permanently (`fatal`), and the server ends with this
// error.
struct AcceptFailed {
  const Error& error;
  bool fatal;
  std::string_view server = {};
};

// A fiber has held its loop for long without parking, and all other requests of that loop wait for
// it. Reported repeatedly, but only if ListenAndServe was called on a plain thread; a scheduler
// that was made by Run has RunOptions::on_stall. During a drain it is also reported at each step,
// without a stack, for a loop that has not taken part for 100 ms.
struct LoopStalled {
  std::string_view fiber;
  Duration held;
  // Where its thread is, one line for each call (FormatFrames). Empty if that is not known.
  std::string_view stack = {};
  std::string_view server = {};
};

// Receives what happens below the handlers, where no middleware sees it: to log, to count, to
// alert. weft itself never logs. The observers in ServerOptions do, and the default one writes
// through spdlog.
//
// No member does anything unless it is overridden. They are called on the threads of all loops and
// on the watchdog thread, possibly at the same time, and between requests. So they must be quick
// and thread-safe, and must never throw or suspend. An observer must outlive the servers that it is
// given to. One may serve several servers, which `server` identifies. MetricsObserver
// (metrics_observer.h) counts.
//
// Events are not rate-limited unless their comment says so: each connection that a client breaks
// off is one, and a hostile client causes as many as it likes. An observer that writes has to drop
// some, as the default one does.
//
//   class Counting : public weft::Observer {
//    public:
//     void OnBadRequest(const weft::BadRequest&) override { bad_requests_.fetch_add(1); }
//
//    private:
//     std::atomic<int> bad_requests_{0};
//   };
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer();

  // Whether it wants to know when each connection starts and ends. Asked once, when the server
  // starts. If no observer wants that, connections cost nothing more. What happens within one, from
  // request to request, is for middleware, because reporting it here would cost every request.
  virtual bool WatchesConnections() const { return false; }
  virtual void OnConnectionOpened(const ConnectionOpened&) {}
  virtual void OnConnectionClosed(const ConnectionClosed&) {}

  virtual void OnListening(const Listening&) {}
  virtual void OnBadRequest(const BadRequest&) {}
  virtual void OnRequestRefused(const RequestRefused&) {}
  virtual void OnBadProxyHeader(const BadProxyHeader&) {}
  virtual void OnTlsFailed(const TlsFailed&) {}
  virtual void OnPeerMisbehaved(const PeerMisbehaved&) {}
  virtual void OnTimedOut(const TimedOut&) {}
  virtual void OnConnectionEvicted(const ConnectionEvicted&) {}
  virtual void OnLimitReached(const LimitReached&) {}
  virtual void OnOutOfMemory(const OutOfMemory&) {}
  virtual void OnHandlerFailed(const HandlerFailed&) {}
  virtual void OnResponseAborted(const ResponseAborted& event) { OnAnswerAborted(event); }
  virtual void OnDrainProgress(const DrainProgress&) {}
  virtual void OnHandlerStuck(const HandlerStuck&) {}
  virtual void OnAcceptFailed(const AcceptFailed&) {}
  virtual void OnLoopStalled(const LoopStalled&) {}
  // The old name of OnResponseAborted, for one release.
  virtual void OnAnswerAborted(const ResponseAborted&) {}
};

std::string_view Name(TimeoutKind kind);  // "header", "idle", ...
std::string_view Name(LimitKind kind);    // "connections", ...
std::string_view Name(Misbehaviour kind);  // "resets", ...
std::string_view Name(CloseReason reason);  // "client", ...
std::string_view Name(DrainPhase phase);  // "lame duck", ...

// The observer of servers that are given none. It writes to weft's log (handlers/log.h), which no
// loop waits for, at a level that fits the event. It writes at most 10 lines a second for each kind
// of event, and then one that says how many were left out.
Observer& DefaultObserver();

}  // namespace weft

#endif  // WEFT_SERVER_OBSERVER_H_

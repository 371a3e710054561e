// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_OBSERVER_H_
#define WEFT_SERVER_OBSERVER_H_

#include <cstdint>
#include <string_view>

#include <weft/concurrency/error.h>
#include <weft/concurrency/clock.h>

namespace weft {

// The things that an Observer hears of. All views hold during the call only. `server` is the ServerOptions::name of the server that it
// happened to. Where an event is about one request, `request_id` is what the middleware RequestId has called it; empty if nothing has.

// The server listens; before the first accept.
struct Listening {
  std::string_view bound;  // "http://127.0.0.1:8080"
  std::string_view server = {};
};

// A connection was accepted. Told only to who asks: Observer::WatchesConnections.
struct ConnectionOpened {
  int descriptor;         // no other open connection has the same
  std::string_view peer;  // who has connected: a proxy, where options.proxy_protocol_from names it
  std::string_view server = {};
};

enum class CloseReason : std::uint8_t {
  kClient,      // the client closed or reset it
  kComplete,    // after a response that said so: the client, the handler or a limit of requests asked for it
  kAborted,     // a response was broken off
  kBadRequest,  // also a bad PROXY header
  kTimedOut,
  kOverload,  // too many requests, or no memory for this one
  kEvicted,   // it was idle or slow over a head, and its descriptor was needed
  kDrain,     // the server ends, in good order
  kForced,    // the server ended before its request did
  kTls,       // the handshake failed (TlsFailed)
  kMisbehaved,  // over HTTP/2 (PeerMisbehaved)
  // Old names, for one release.
  kAnswered [[deprecated("kComplete")]] = kComplete,
  kCutOff [[deprecated("kForced")]] = kForced,
};

// A connection is gone; its descriptor is still open during this call. Told only to who asks: Observer::WatchesConnections.
struct ConnectionClosed {
  int descriptor;
  std::string_view peer;  // the client, as its requests saw it
  CloseReason reason;
  std::uint64_t requests;  // that reached a handler
  std::string_view server = {};
};

// Bytes came that are no good request. They are answered with `status`, unless an answer has begun already or the handler chooses another
// one for a bad body, and the connection is closed.
struct BadRequest {
  std::string_view peer;  // "127.0.0.1:50000"
  int status;
  std::string_view reason;  // "bare LF"
  std::string_view request_id = {};  // of a request whose body it is
  std::string_view server = {};
};

// The server itself has answered a request, or what was to become one, with this status instead of a handler: it was malformed or came too
// slowly, there are too many, there is no memory, or the server ends. Told for each, for those who count; what is behind it is told by
// other events, some of them once for many requests.
struct RequestRefused {
  int status;
  std::string_view reason;  // one of a few dozen fixed texts
  std::string_view server = {};
};

// A peer that options.proxy_protocol_from names did not begin with a good PROXY header. The connection was closed without an answer.
struct BadProxyHeader {
  std::string_view peer;  // the proxy
  std::string_view reason;
  std::string_view server = {};
};

// A connection over TLS came to nothing: the peer has offered nothing that both know, does not trust our certificate or
// has shown none that is good, has sent what is no TLS, or has left in the middle. On the open internet that is noise;
// inside it is most often a client that is set up wrongly. A peer that leaves before it has said anything is not
// reported.
struct TlsFailed {
  std::string_view peer;
  std::string_view reason;  // "no shared cipher", "tlsv1 alert unknown ca", ...: OpenSSL's words
  std::string_view server = {};
};

// What a client of HTTP/2 has done that its connection was ended for (docs/http2.md).
enum class Misbehaviour : std::uint8_t {
  kProtocolError,    // what it has sent is no HTTP/2
  kResets,           // requests that it has reset before a response, one after the other
  kStreamErrors,     // malformed requests, one after the other
  kControlFrames,    // PING, SETTINGS, frames of unknown types
  kEmptyData,        // DATA without a byte
  kPriorities,
  kWindowUpdates,    // many more than there was to send
  kRefusedStreams,   // more streams at a time than are allowed, again and again
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
  kRequest,  // request_timeout ended the request's context while its handler ran, or it waited so long for its turn
};

// A client was too slow or a request took too long. What a request is answered with then is its handler's choice.
struct TimedOut {
  std::string_view peer;
  TimeoutKind kind;
  Duration limit;
  std::string_view request_id = {};
  std::string_view server = {};
};

enum class LimitKind : std::uint8_t {
  kConnections,
  kRequests,  // in handlers: the next one waits for a place
  kQueuedRequests,
  kLongLivedRequests,
  kBodyBytes,
  kRequestsPerConnection,
};

// A limit of ServerOptions was reached. Limits of a request's head are a BadRequest.
struct LimitReached {
  std::string_view peer;  // empty where it is nobody's in particular: connections, and requests in handlers or queued
  LimitKind kind;
  std::uint64_t limit;    // of body bytes: the one that held for the request (Body::SetLimit)
  std::string_view request_id = {};
  std::string_view server = {};
};

// There was no memory for a stack, or for something else that the server needs. A request was answered with `status` 503, or, where that is
// 0, a connection was closed, or an answer was broken off on its way. Either way the connection ends, and nothing else.
struct OutOfMemory {
  std::string_view peer;
  int status;
  std::string_view server = {};
};

// A request was answered with a 5xx in place of what its handler wanted to say: the handler returned an Error, or threw, that is the
// server's fault and not the client's; or it succeeded, but what it wrote could not be sent as an answer (a body shorter than its
// Content-Length, a hook that throws, 101 without Hijack, a file that cannot be read).
struct HandlerFailed {
  std::string_view peer;
  std::string_view method;
  std::string_view target;
  int status;
  const Error& error;  // Exception() tells whether it was thrown
  std::string_view request_id = {};
  std::string_view server = {};
};

// A response that had begun was broken off: the client sees a failed connection, not a response that looks complete. Also
// reported when the handler of a hijacked connection returned an error: its stream ends as the handler has left it.
struct ResponseAborted {
  std::string_view peer;
  std::string_view method;
  std::string_view target;
  std::uint64_t body_bytes;  // of the response or stream, until then
  const Error& error;        // why: kClientGone, kTimeout, the handler's own, ...
  std::string_view request_id = {};
  std::string_view server = {};
};
// The old name, kept for one release.
using AnswerAborted [[deprecated("weft::ResponseAborted")]] = ResponseAborted;

enum class DrainPhase : std::uint8_t {
  kLameDuck,      // readiness fails, everything else as before
  kDraining,      // no new connections; what is here is served to the end
  kCanceling,     // the drain timeout is over: request contexts are canceled
  kForceClose,    // what has no response gets a 503, what is not out completely is reset
  kDrained,       // nothing is left
  // Old names, for one release.
  kPatienceOver [[deprecated("kCanceling")]] = kCanceling,
  kCutOff [[deprecated("kForceClose")]] = kForceClose,
};

// A drain has entered a phase.
struct DrainProgress {
  DrainPhase phase;
  std::uint64_t connections;  // that are open
  std::uint64_t requests;     // in handlers
  Duration elapsed;           // since the drain began
  Error cause = {};           // why it began: the cause of ListenAndServe's context ("signal: terminated"), or why the listener broke
  std::string_view server = {};
};

// A handler has not returned although its context is done and its connection is cut. The server cannot end before it
// does; told again and again. Of one that holds its loop only the fiber is known.
struct HandlerStuck {
  std::string_view fiber;  // name of its fiber
  std::string_view peer;
  std::string_view method;
  std::string_view target;
  Duration since;  // how long its context has been done
  std::string_view request_id = {};
  std::string_view server = {};
};

// accept(2) failed for more than one connection: out of descriptors or memory (the server waits and goes on), or for
// good (the server ends with this error).
struct AcceptFailed {
  const Error& error;
  bool fatal;
  std::string_view server = {};
};

// A fiber has held its loop for long without parking: every other request of that loop waits for it. Told again while it lasts, but
// only where ListenAndServe was called on a plain thread; a scheduler that was made by Run has RunOptions::on_stall. Told in each
// step of a drain too, of a loop that has not come to it for 100 ms, and then without a stack.
struct LoopStalled {
  std::string_view fiber;
  Duration held;
  std::string_view stack = {};  // where its thread is, a line for each call (FormatFrames); empty where that cannot be told
  std::string_view server = {};
};

// Is told what happens below the handlers, where no middleware sees it: to log, to count, to alert. weft itself
// never logs; the observers in ServerOptions decide, and the default one writes through spdlog.
//
// Every member does nothing unless it is overridden. Calls come from any loop's thread, and from one beside the loops, also at the same time, and
// between two requests of other people: be quick, be thread-safe, never throw, never suspend. An observer outlives
// the servers that it is given to; one may serve several, which `server` tells apart. MetricsObserver (metrics_observer.h) counts.
//
//   class Counting : public weft::Observer {
//    public:
//     void OnBadRequest(const weft::BadRequest&) override { bad_requests_.fetch_add(1, std::memory_order_relaxed); }
//     ...
//   };
class Observer {
 public:
  Observer() = default;
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;
  virtual ~Observer();

  // Whether each connection's begin and end is told. Asked once, when the server starts; where nobody asks, a connection costs
  // nothing more. What happens within one, from request to request, is for middleware: telling it here would cost every request.
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
  virtual void OnLimitReached(const LimitReached&) {}
  virtual void OnOutOfMemory(const OutOfMemory&) {}
  virtual void OnHandlerFailed(const HandlerFailed&) {}
  virtual void OnResponseAborted(const ResponseAborted& event) { OnAnswerAborted(event); }
  virtual void OnDrainProgress(const DrainProgress&) {}
  virtual void OnHandlerStuck(const HandlerStuck&) {}
  virtual void OnAcceptFailed(const AcceptFailed&) {}
  virtual void OnLoopStalled(const LoopStalled&) {}
  // The old name of OnResponseAborted, kept for one release.
  virtual void OnAnswerAborted(const ResponseAborted&) {}
};

std::string_view Name(TimeoutKind kind);  // "header", "idle", ...
std::string_view Name(LimitKind kind);    // "connections", ...
std::string_view Name(Misbehaviour kind);  // "resets", ...
std::string_view Name(CloseReason reason);  // "client", ...
std::string_view Name(DrainPhase phase);  // "lame duck", ...

// The observer of servers that are given none. It writes to weft's log (handlers/log.h), which no loop waits for, at the level that
// the event deserves. Of each kind of event it writes at most 10 lines a second, and then one that says how many were left out.
Observer& DefaultObserver();

}  // namespace weft

#endif  // WEFT_SERVER_OBSERVER_H_

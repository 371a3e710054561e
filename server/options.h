// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_SERVER_OPTIONS_H_
#define WEFT_SERVER_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weft/concurrency/error.h>
#include <weft/concurrency/clock.h>
#include <weft/concurrency/unlimited.h>
#include <weft/handlers/refusal_body.h>
#include <weft/net/tls.h>

namespace weft {

class Observer;
class Readiness;

// The old name of kUnlimited, kept for one release.
[[deprecated("weft::kUnlimited")]] inline constexpr internal::Unlimited kNone;

// How a server listens, how long it waits, and how much it takes. Every field has a default that is safe on the open
// internet. ListenAndServe copies what it needs; what pointers point to must outlive it.
//
//   weft::ServerOptions options{.address = "127.0.0.1:8080"};
//   options.request_timeout = std::chrono::seconds(5);
//   options.on_listen = [](std::string_view bound) { std::printf("listening on %s\n", bound.data()); };
struct ServerOptions {
  // Where to listen: "HOST:PORT", ":PORT" (all addresses, IPv6 and IPv4), "[IPV6]:PORT", "unix:PATH", or "unix:@NAME"
  // (Linux's abstract names). Port 0 takes a free one: on_listen tells which. A name is resolved once, at the start,
  // and its first IPv4 address is taken, else its first.
  //
  // "systemd:" is the socket that the process was started with (LISTEN_FDS, as systemd's socket units pass it); if there are
  // several, "systemd:NAME" is the one of this name and "systemd:3" the one of this number. The environment stays as it is, and all
  // sockets that were passed are closed in children that exec. What is said below of `listener` holds for it too.
  std::string address = ":8080";

  // A listening stream socket (TCP or unix) that exists already; -1: none, and `address` is used. The server works on a duplicate of
  // this descriptor, which it closes at its end: the caller's own stays open and the caller's. Both are the same socket, which becomes
  // non-blocking. Its backlog stays as it is, its file is not removed, and the drain does not shut it: a connection that comes after
  // the last accept waits in the backlog for the next server on this socket, so keep one descriptor open until there is one.
  int listener = -1;

  // Lets other sockets of the same user listen on the same TCP port at the same time (SO_REUSEPORT), where each has said so: the kernel
  // spreads new connections over them. For a second process; loops of one server share one listener. When this server drains,
  // who is in its own queue is served first; but the kernel breaks off a handshake that is under way at that moment, unless
  // net.ipv4.tcp_migrate_req is 1. A restart that loses nobody hands the socket on instead (listener, systemd:).
  bool reuse_port = false;

  // The rights of the file of a unix socket, as in chmod: 0660 lets user and group connect (they need to write). 0: what the umask
  // leaves. The file never has more rights than these, not even for a moment.
  std::uint32_t unix_mode = 0;

  // Proxies whose connections begin with a header of the PROXY protocol (version 1 or 2) that names the client: addresses
  // ("127.0.0.1", "::1"), ranges ("10.0.0.0/8"), or "unix" for all clients of a unix socket. Request::Peer is then that client. From them
  // the header must come, within header_timeout; a connection without one, or with a malformed one, is closed without an answer.
  // From all others it is a bad request. Whoever is named here can claim to be anybody.
  std::vector<std::string> proxy_protocol_from = {};

  // Loops (threads) to serve on; 0: one per usable CPU. When ListenAndServe is called in a fiber it serves on that
  // fiber's scheduler, and another number than 0 is an error.
  int loops = 0;

  // Address space for the stack of each request's fiber; memory is used only for what is touched. Without effect when
  // ListenAndServe is called in a fiber.
  std::size_t stack_bytes = 1024 * 1024;

  // Connections that the kernel holds until they are accepted; it caps this at net.core.somaxconn. Further ones wait
  // for the client's next attempt. Without effect on a socket that exists already.
  int backlog = 4096;

  // Called once with the bound address, before the first accept: "http://127.0.0.1:8080", "https://[::1]:8443",
  // "unix:/run/app.sock". It runs on the caller of ListenAndServe and must not block. The text ends with a NUL that
  // is not part of the view.
  std::function<void(std::string_view bound)> on_listen = nullptr;

  // With certificates the server speaks TLS, and on_listen has "https://..."; without it speaks in plain text. Several
  // servers may share one handle, and Reload changes what new connections get. A request in plain text gets a 400 in
  // plain text. A PROXY header comes before TLS. HTTP/2 or HTTP/1.1 is agreed on (ALPN); a client that
  // offers others only is turned away.
  std::optional<Tls> tls = {};

  // Timeouts: above zero, or kUnlimited.

  // For a TLS handshake, from the accept (or the PROXY header). When it is hit the connection is closed.
  Duration handshake_timeout = std::chrono::seconds(10);

  // For the whole head of a request, from its first byte; for the first request of a connection, from the accept,
  // or the end of the TLS handshake.
  // When it is hit: 408 if something had come, and the connection is closed. Where connections run out, a slow head may have to go before
  // that (connections_max).
  Duration header_timeout = std::chrono::seconds(10);

  // While the handler waits for the request's body: how long until at least progress_bytes_min more of it, or its end,
  // must have come. When it is hit the read fails with kTimeout (which answers 408), and the connection is closed
  // after the answer. Time in which nobody waits for the client does not count.
  Duration body_stall_timeout = std::chrono::seconds(30);

  // While an answer, or what is written to a hijacked stream, waits for the client: how long until the client must have
  // taken at least progress_bytes_min more of it. When it is hit the write fails with kTimeout, the request's context is
  // canceled, and the connection is reset.
  Duration write_stall_timeout = std::chrono::seconds(30);

  // What a client has to move in each body_stall_timeout or write_stall_timeout, in bytes, so that one byte now and then
  // does not hold a request for ever. 1 KiB in 30 s is far below the slowest modem. A service whose clients send a few
  // bytes now and then in a body that never ends sets it to 1: any byte is enough. 1 to 16 MiB.
  std::uint32_t progress_bytes_min = 1024;

  // After the last response of a connection our side is closed, and what the client still sends is read and thrown away, so that it comes
  // to read the response: until it closes its own side, sends nothing for 5 s, has sent 64 MiB more, or at most for so long. Such
  // connections count, and are the first to be closed where connections run out. A drain waits for them for 1 s.
  Duration linger_timeout = std::chrono::seconds(30);

  // When the client of a long-lived request or of a hijacked connection has been silent for so long, the kernel asks whether it is still
  // there, three times in 10 s each (TCP keep-alive probes and TCP_USER_TIMEOUT). One that does not answer is gone. In whole seconds
  // up to 32,767; kUnlimited: it is never asked.
  Duration probe_after = std::chrono::seconds(60);

  // Between the end of an answer and the first byte of the next request. When it is hit the connection is closed.
  Duration idle_timeout = std::chrono::seconds(75);

  // The deadline of each request's context, from the moment its head is complete. A handler that returns the
  // context's error answers 504; one that does not look at its context is not stopped by it. Request::LongLived
  // lifts it.
  Duration request_timeout = std::chrono::seconds(60);

  // Limits of one request.

  // Request line and fields in bytes, as they come over the wire: 431 beyond, and the connection is closed. 1 KiB to
  // 16 MiB; it cannot be taken away.
  std::uint32_t head_bytes_max = 64 * 1024;

  // The request target in bytes: 414 beyond.
  std::uint32_t target_bytes_max = 16 * 1024;

  // The number of fields: 431 beyond. 1 to 65,536; it cannot be taken away.
  std::uint32_t fields_max = 128;

  // The body in bytes: reading it fails with kTooLarge (which answers 413) at the first read if the announced length
  // is above it, else where it is crossed, and the connection is closed after the answer. A handler raises or lowers it by
  // Body::SetLimit.
  std::uint64_t body_bytes_max = 1024 * 1024;

  // Limits of the server; 0: as many as memory and descriptors allow.

  // Open connections. Beyond, the one that has been idle longest is closed; if none is idle, the one that has taken
  // longest over the head of a request, but for the first second (a quarter of header_timeout, if that is less); else
  // new ones wait in the kernel's backlog.
  std::uint64_t connections_max = 0;

  // Requests in handlers at one time, without those that have called Request::LongLived. Beyond, requests wait in a queue. Each
  // loop has its share of it.
  std::uint64_t requests_max = 0;

  // Requests that wait for a place, for request_timeout at most. Beyond, 503 with Retry-After. Each loop has its share of it.
  std::uint64_t queued_requests_max = 0;

  // Requests that have called Request::LongLived or ResponseWriter::Hijack. Beyond, Hijack fails with kRefused (which answers 503),
  // and LongLived returns false: the request keeps its deadline and its place among those in flight. Each loop has its share of it.
  std::uint64_t long_lived_max = 0;

  // HTTP/2 (docs/http2.md).

  // Speaks HTTP/2 with clients that choose it over TLS (ALPN). Without effect in a build without it (WEFT_HTTP2).
  bool http2 = true;

  // Speaks it in plain text too, with clients that know beforehand (RFC 9113 section 3.3): for a proxy, or a service mesh, that does.
  // Connections then begin with the preface of HTTP/2, or as before. An Upgrade to h2c is never taken up.
  bool http2_cleartext = false;

  // Takes CONNECT with :protocol (RFC 8441), so that a WebSocket can be a stream of HTTP/2: a handler sees the request as an upgrade,
  // and Hijack gives it the stream. Some clients (Node 26) try and fail where that is offered, and fall back where it is not.
  bool http2_extended_connect = false;

  // Requests that a client may have open at one time on a connection. So many handlers run for it, too: those that it has given up
  // count until they have ended. 1 to 65,536.
  std::uint32_t streams_per_connection_max = 100;

  // How much of a body may come that its handler has not read, from its first read on; before that 64 KiB, if that is less. 1 KiB to
  // 1 GiB.
  std::uint32_t stream_window_bytes = 256 * 1024;

  // The same for all bodies of a connection together: so much memory it may take for what nobody has read yet. No body waits for
  // another one to be read before that. 64 KiB to 1 GiB.
  std::uint32_t connection_window_bytes = 1024 * 1024;

  // What a client may do that is in order now and then, and an attack a thousand times: requests that it resets at once, pings, empty
  // frames, and more (docs/http2.md). A tenth of it comes back each second, and one for each request that ends well. Beyond, the
  // connection ends (ENHANCE_YOUR_CALM). 10 to 1,000,000.
  std::uint32_t misbehaviour_max = 500;

  // Requests on one connection. The last of them is answered with Connection: close.
  std::uint64_t requests_per_connection_max = kUnlimited;

  // The drain, which begins when the context is done.

  // Lame duck: how long to accept and serve as before while the readiness already fails, so that a load balancer that
  // asks for it stops sending first. Zero or more.
  Duration lame_duck = Duration::zero();

  // How long a connection that was accepted but has not spoken yet may take to send its first byte during the drain,
  // from its accept. Zero or more.
  Duration first_byte_grace = std::chrono::milliseconds(100);

  // How long requests may go on before their contexts are canceled with the cause kServerClosing. Stay below the time
  // after which the platform kills (Kubernetes: 30 s, the lame duck included). Zero or more, or kUnlimited.
  Duration drain_timeout = std::chrono::seconds(20);

  // How long handlers have from that cancel until they are cut off (docs/shutdown.md). Zero or more.
  Duration cancel_grace = std::chrono::seconds(1);

  // Behaviour.

  // Keeps serving a client that has closed its sending side (TCP cannot tell that from one that has gone). Default:
  // its request is canceled with the cause kClientGone, so that nobody works for a client that has left. A connection that
  // was hijacked is kept in either case.
  bool half_closed_clients = false;

  // Told when the drain begins and ends, and shared with the readiness handler. Null: nobody asks.
  Readiness* readiness = nullptr;

  // The body of what the server rejects by itself, before any handler and middleware: 400, 408, 414, 417, 431, 501, 503, 505.
  // Asked once for each status, when the server starts. Empty: plain text that says why. ProblemRefusals() makes them problem
  // details (RFC 9457); Retry-After and Connection: close stay.
  std::function<RefusalBody(int status)> refusal = nullptr;

  // What the server is called in the events of its observers, in logs, metrics and ListServers: "api", "debug". For programs with several.
  std::string name = {};

  // Who hears what happens below the handlers, in this order. Without any it is DefaultObserver(), which logs; to log and count, give both:
  //   options.observers = {&weft::DefaultObserver(), &counting};
  std::vector<Observer*> observers = {};
  // One more, for a server that has just one.
  Observer* observer = nullptr;

  // An Error that names the first field that makes no sense, and what would: "ServerOptions: idle_timeout is -1 s; it
  // must be above zero or kUnlimited". ListenAndServe calls it.
  Error Validate() const;
};

}  // namespace weft

#endif  // WEFT_SERVER_OPTIONS_H_

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

// The old name of kUnlimited, for one release.
[[deprecated("weft::kUnlimited")]] inline constexpr internal::Unlimited kNone;

// How a server listens, how long it waits, and how much it accepts. Every field has a default that
// is safe on the open internet. ListenAndServe copies what it needs; what the pointers refer to
// must outlive it.
//
//   weft::ServerOptions options{.address = "127.0.0.1:8080"};
//   options.request_timeout = std::chrono::seconds(5);
//   options.on_listen = [](std::string_view bound) { std::puts(bound.data()); };
struct ServerOptions {
  // Where to listen: "HOST:PORT", ":PORT" (all addresses, IPv6 and IPv4), "[IPV6]:PORT",
  // "unix:PATH", or "unix:@NAME" (Linux's abstract names). Port 0 selects a free port, which
  // on_listen reports. A name is resolved once, at the start. Its first IPv4 address is used, or if
  // it has none, its first address.
  //
  // "systemd:" is the socket that the process was started with (LISTEN_FDS, as systemd's socket
  // units pass it). If there are several, "systemd:NAME" is the one with this name and "systemd:3"
  // the one with this number. The environment is not changed, and all sockets that were passed are
  // closed in children that exec. Everything below about `listener` applies here, too.
  std::string address = ":8080";

  // An existing listening stream socket (TCP or Unix-domain). -1: there is none, and `address` is
  // used. The server works on a duplicate of this descriptor, and closes it at its end; the
  // caller's own stays open and belongs to the caller. Both are the same socket, which becomes
  // non-blocking. Its backlog is unchanged, its file is not removed, and the drain does not shut it
  // down. A connection that arrives after the last accept waits in the backlog for the next server
  // on this socket, so keep one descriptor open until there is one.
  int listener = -1;

  // Allows other sockets of the same user to listen on the same TCP port at the same time
  // (SO_REUSEPORT), if all of them ask for it. The kernel distributes new connections among them.
  // This is for a second process; the loops of one server share one listener. When this server
  // drains, it still serves the connections in its own queue. But the kernel breaks a handshake
  // that is in progress at that moment, unless net.ipv4.tcp_migrate_req is 1. For a restart that
  // drops no connection, pass on the socket instead (listener, systemd:).
  bool reuse_port = false;

  // The permissions of the file of a Unix-domain socket, as for chmod: 0660 lets user and group
  // connect, which requires write permission. 0: what the umask leaves. The file never has more
  // permissions than these, not even for a moment.
  std::uint32_t unix_mode = 0;

  // Proxies whose connections start with a header of the PROXY protocol (version 1 or 2) that names
  // the client. Each is an address ("127.0.0.1", "::1"), a range ("10.0.0.0/8"), or "unix" for all
  // clients of a Unix-domain socket. Request::Peer is then that client. These proxies must send the
  // header, within header_timeout; a connection without one, or with a malformed one, is closed
  // without a response. From everyone else it is a bad request. A peer that is named here can claim
  // to be any client.
  std::vector<std::string> proxy_protocol_from = {};

  // The number of loops (threads). 0: one for each usable CPU. If ListenAndServe is called in a
  // fiber it serves on that fiber's scheduler, and any number other than 0 is an error.
  int loops = 0;

  // Address space in bytes for the stack of each request's fiber. Memory is used only for the part
  // that was touched. Has no effect if ListenAndServe is called in a fiber.
  std::size_t stack_bytes = 1024 * 1024;

  // How many connections the kernel holds until they are accepted, at most net.core.somaxconn.
  // Further ones wait for the client's next attempt. Has no effect on an existing socket.
  int backlog = 4096;

  // Called once with the bound address, before the first accept: "http://127.0.0.1:8080",
  // "https://[::1]:8443", "unix:/run/app.sock". It runs on the caller of ListenAndServe and must
  // not block. The text ends with a NUL that is not part of the view.
  std::function<void(std::string_view bound)> on_listen = nullptr;

  // With certificates the server uses TLS, and on_listen gets "https://..."; without, plain text.
  // Several servers may share one handle. Reload changes what new connections get. A plain-text
  // request gets a 400 in plain text. A PROXY header comes before TLS. HTTP/2 or HTTP/1.1 is
  // negotiated (ALPN); a client that offers only others is rejected.
  std::optional<Tls> tls = {};

  // Timeouts: above zero, or kUnlimited.

  // For a TLS handshake, from the accept (or the PROXY header). When it expires the connection is
  // closed.
  Duration handshake_timeout = std::chrono::seconds(10);

  // For the whole head of a request, from its first byte. For the first request of a connection it
  // starts with the accept, or the end of the TLS handshake. When it expires, the response is 408
  // if anything has arrived, and the connection is closed. If connections run out, a slow head may
  // be closed earlier (connections_max).
  Duration header_timeout = std::chrono::seconds(10);

  // While the handler waits for the request's body: the time in which at least progress_bytes_min
  // more of it must arrive, or its end. When it expires the read fails with kTimeout (responds with
  // 408), and the connection is closed after the response. Time in which no fiber waits for the
  // client does not count.
  Duration body_stall_timeout = std::chrono::seconds(30);

  // While a response, or what is written to a hijacked stream, waits for the client: the time in
  // which the client must take at least progress_bytes_min more of it. When it expires the write
  // fails with kTimeout, the request's context is canceled, and the connection is reset.
  Duration write_stall_timeout = std::chrono::seconds(30);

  // How many bytes a client must move in each body_stall_timeout or write_stall_timeout, so that a
  // byte now and then does not hold a request forever. 1 KiB in 30 s is far below the slowest
  // modem. If clients send a few bytes now and then in an endless body, set it to 1: any byte is
  // enough. 1 to 16 MiB.
  std::uint32_t progress_bytes_min = 1024;

  // After the last response of a connection our side is closed. What the client still sends is read
  // and discarded, so that the client gets to read the response. That ends when the client closes
  // its own side, sends nothing for 5 s, has sent 64 MiB more, or after this time. These
  // connections count, and are the first to be closed if connections run out. A drain waits for
  // them for 1 s.
  Duration linger_timeout = std::chrono::seconds(30);

  // If the client of a long-lived request or of a hijacked connection has been silent for this
  // long, the kernel asks three times, 10 s apart, whether it is still there (TCP keep-alive probes
  // and TCP_USER_TIMEOUT). A client that does not respond is gone. In whole seconds up to 32,767;
  // kUnlimited: it is never asked. A client of HTTP/2 for which any request is being served gets a
  // PING after half of this time, and has 15 s to reply (TimeoutKind::kProbe).
  Duration probe_after = std::chrono::seconds(60);

  // Between the end of a response and the first byte of the next request. When it expires the
  // connection is closed.
  Duration idle_timeout = std::chrono::seconds(75);

  // The deadline of each request's context, from the moment its head is complete. A handler that
  // returns the context's error responds with 504. One that does not look at its context is not
  // stopped. Request::LongLived removes the deadline.
  Duration request_timeout = std::chrono::seconds(60);

  // Limits of one request.

  // The request line and fields in bytes, as they are sent. Beyond it the response is 431, and the
  // connection is closed. 1 KiB to 16 MiB; it cannot be unlimited.
  std::uint32_t head_bytes_max = 64 * 1024;

  // The request target in bytes. Beyond it the response is 414.
  std::uint32_t target_bytes_max = 16 * 1024;

  // The number of fields. Beyond it the response is 431. 1 to 65,536; it cannot be unlimited.
  std::uint32_t fields_max = 128;

  // The body in bytes. Reading more fails with kTooLarge (responds with 413): at the first read if
  // the declared length is larger, and otherwise when the limit is crossed. The connection is
  // closed after the response. A handler changes its limit by Body::SetLimit.
  std::uint64_t body_bytes_max = 1024 * 1024;

  // Limits of the server. 0: as many as memory and descriptors allow.

  // Open connections. Beyond it, the connection that has been idle longest is closed. If none is
  // idle, it is the one that has taken longest to send the head of a request, but at least one
  // second (a quarter of header_timeout, if that is less). If there is none, new connections wait
  // in the kernel's backlog.
  std::uint64_t connections_max = 0;

  // Requests in handlers at the same time, without those that have called Request::LongLived.
  // Beyond it, requests wait in a queue. Each loop has its share of it.
  std::uint64_t requests_max = 0;

  // Requests that wait for a slot, for at most request_timeout. Beyond it the response is 503 with
  // Retry-After. Each loop has its share of it.
  std::uint64_t queued_requests_max = 0;

  // Requests that have called Request::LongLived or ResponseWriter::Hijack. Beyond it, Hijack fails
  // with kRefused (responds with 503), and LongLived returns false: the request keeps its deadline
  // and its slot. Each loop has its share of it.
  std::uint64_t long_lived_max = 0;

  // HTTP/2 (docs/http2.md).

  // Whether clients may choose HTTP/2 over TLS (ALPN). Has no effect in a build without it
  // (WEFT_HTTP2).
  bool http2 = true;

  // Whether clients may also use it in plain text, with prior knowledge (RFC 9113 section 3.3), as
  // some proxies and service meshes do. Connections then start with the preface of HTTP/2, or with
  // an HTTP/1.1 request. An Upgrade to h2c is never accepted.
  bool http2_cleartext = false;

  // Whether to accept CONNECT with :protocol (RFC 8441), so that a WebSocket can be a stream of
  // HTTP/2. A handler sees such a request as an upgrade, and Hijack returns the stream. Some
  // clients (Node 26) try it and fail if it is offered, and fall back if it is not.
  bool http2_extended_connect = false;

  // How many requests a client may have open at a time on a connection. At most as many handlers
  // run for it: requests that it has given up count until their handlers have ended. 1 to 65,536.
  std::uint32_t streams_per_connection_max = 100;

  // How many bytes of a body may arrive that its handler has not read, from its first read on;
  // before that at most 64 KiB. 1 KiB to 1 GiB.
  std::uint32_t stream_window_bytes = 256 * 1024;

  // The same for all bodies of a connection together. It limits the memory for what was not read
  // yet. Below it, no body waits until another one is read. 64 KiB to 1 GiB.
  std::uint32_t connection_window_bytes = 1024 * 1024;

  // How often a client may do what is normal now and then, but an attack when done a thousand
  // times: requests that it resets at once, pings, empty frames, and more (docs/http2.md). A tenth
  // of it is restored each second, and one for each request that ends well. Beyond it, the
  // connection ends (ENHANCE_YOUR_CALM). 10 to 1,000,000.
  std::uint32_t misbehaviour_max = 500;

  // The number of requests on one connection. The last response has Connection: close.
  std::uint64_t requests_per_connection_max = kUnlimited;

  // The drain, which starts when the context is done.

  // Lame duck: how long to accept and serve as before while the readiness already fails, so that a
  // load balancer that checks it stops sending first. Zero or more.
  Duration lame_duck = Duration::zero();

  // During the drain: how long a connection that was accepted but has sent nothing yet may take to
  // send its first byte, from its accept. Zero or more.
  Duration first_byte_grace = std::chrono::milliseconds(100);

  // How long requests may continue before their contexts are canceled with the cause
  // kServerClosing. Stay below the time after which the platform kills the process (Kubernetes: 30
  // s, including the lame duck). Zero or more, or kUnlimited.
  Duration drain_timeout = std::chrono::seconds(20);

  // How long handlers have after that cancellation until their connections are closed by force
  // (docs/shutdown.md). Zero or more.
  Duration cancel_grace = std::chrono::seconds(1);

  // Behavior.

  // Whether to continue to serve a client that has closed its sending side, which TCP cannot
  // distinguish from one that has gone. By default its request is canceled with the cause
  // kClientGone, so that no work is done for a client that has left. A hijacked connection is kept
  // in either case.
  bool half_closed_clients = false;

  // Is notified when the drain starts and ends, and is shared with the readiness handler. May be
  // null.
  Readiness* readiness = nullptr;

  // The body of the responses by which the server itself rejects requests, before any handler and
  // middleware: 400, 408, 414, 417, 421, 431, 501, 503, 505. Called once for each status, when the
  // server starts. Empty: plain text that gives the reason. ProblemRefusals() makes them problem
  // details (RFC 9457). Retry-After and Connection: close are kept.
  std::function<RefusalBody(int status)> refusal = nullptr;

  // The server's name in the events of its observers, in logs, in metrics and in ListServers:
  // "api", "debug". For programs with several servers.
  std::string name = {};

  // The observers of what happens below the handlers, in this order. If there are none it is
  // DefaultObserver(), which logs. To log and count, give both:
  //   options.observers = {&weft::DefaultObserver(), &counting};
  std::vector<Observer*> observers = {};
  // One more, for a server that has just one.
  Observer* observer = nullptr;

  // Returns an Error that names the first invalid field and what is valid: "ServerOptions:
  // idle_timeout is -1 s; it must be above zero or kUnlimited". ListenAndServe calls it.
  Error Validate() const;
};

}  // namespace weft

#endif  // WEFT_SERVER_OPTIONS_H_

// SPDX-License-Identifier: Apache-2.0
#include <weft/clients/http/internal/connector.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#include <string>
#include <utility>

#include <weft/clients/http/internal/socket_wire.h>
#include <weft/clients/http/internal/stream_wire.h>
#include <weft/concurrency/loop.h>
#include <weft/concurrency/offload.h>
#include <weft/net/internal/connect.h>

namespace weft::internal {
namespace {

ClientFailure::Kind KindOfConnect(const Error& error) {
  if (error.Is(std::errc::connection_refused) || error.Is(std::errc::no_such_file_or_directory)) return ClientFailure::kRefused;
  if (error.Is(std::errc::connection_reset)) return ClientFailure::kReset;
  if (error.Is(std::errc::timed_out)) return ClientFailure::kTimedOut;
  return ClientFailure::kUnreachable;
}

Error Failed(ClientFailure::Kind kind, const HttpUrl& url, const Error& error) {
  return MakeClientFailure({kind, false, url.origin, error.Message()}, error);
}

Error RefusedUnix(const HttpUrl& url) {
  return MakeClientFailure({ClientFailure::kRefused, false, url.origin, "unix sockets are not allowed if `allow` is set"});
}

bool IsAddress(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 || inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool IsUnixSocket(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 && address.ss_family == AF_UNIX;
}

Address ToAddress(const SocketAddress& address, const std::string& host) {
  Address out = Address::Parse(FormatPeer(address)).Ok() ? *Address::Parse(FormatPeer(address)) : Address{};
  if (out.host.empty()) out.host = host;
  return out;
}

}  // namespace

// An Error of our own is about this connection alone; the context's is the caller's.
Result<std::unique_ptr<ClientWire>> Connector::Connect(const Context& ctx, const HttpUrl& url, SharedOrigin& origin, bool http2) {
  const CancelScope limit = WithTimeout(ctx, options_.connect_timeout);
  Result<std::unique_ptr<ClientWire>> wire = ConnectInTime(limit.ctx, url, origin, http2);
  if (wire.Ok()) return wire;
  if (Error err = ctx.Err()) return err.Wrap("connect to " + url.origin);
  if (limit.ctx.Err()) return MakeClientFailure({ClientFailure::kTimedOut, false, url.origin, "not connected in time"});
  return wire;
}

Result<std::unique_ptr<ClientWire>> Connector::ConnectInTime(const Context& ctx, const HttpUrl& url, SharedOrigin& origin, bool http2) {
  if (options_.dial) return Dialled(ctx, url, origin, http2);
  std::unique_ptr<TlsSession> session;
  if (url.secure) {
    Result<std::unique_ptr<TlsSession>> made = NewSession(ctx, url, origin, http2);
    if (Error err = made.Err()) return err;
    session = *std::move(made);
  }
  Result<Fd> fd = OpenSocket(ctx, url);
  if (Error err = fd.Err()) return err;
  return OverSocket(ctx, url, *std::move(fd), url.address.IsUnix(), std::move(session));
}

Result<std::unique_ptr<ClientWire>> Connector::OverSocket(const Context& ctx, const HttpUrl& url, Fd fd, bool is_unix, std::unique_ptr<TlsSession> session) {
  auto wire = std::make_unique<SocketWire>(*Loop::Current(), std::move(fd), is_unix, pace_);
  if (Error err = wire->Begin()) return Failed(ClientFailure::kUnreachable, url, err);
  if (session != nullptr) {
    if (Error err = wire->Handshake(ctx, std::move(session))) return Failed(ClientFailure::kTls, url, err);
  }
  return std::unique_ptr<ClientWire>(std::move(wire));
}

bool Connector::IsHttp2(ClientWire& wire) {
  TlsSession* const tls = wire.Tls();
  return tls != nullptr && tls->Alpn() == "h2";
}

Result<std::unique_ptr<ClientWire>> Connector::Dialled(const Context& ctx, const HttpUrl& url, SharedOrigin& origin, bool http2) {
  if (Error err = AllowedToDial(url)) return err;
  Result<Stream> stream = options_.dial(ctx, url.address);
  if (Error err = stream.Err()) {
    if (err.As<ClientFailure>() != nullptr) return err;
    return Failed(KindOfConnect(err), url, err);
  }
  if (http2) {
    if (Fd fd(StreamAccess::ReleaseSocket(*stream)); fd.IsOpen()) {
      Result<std::unique_ptr<TlsSession>> session = NewSession(ctx, url, origin, /*http2=*/true);
      if (Error err = session.Err()) return err;
      const bool is_unix = IsUnixSocket(fd.Get());
      return OverSocket(ctx, url, std::move(fd), is_unix, *std::move(session));
    }
  }
  auto wire = std::make_unique<StreamWire>(*std::move(stream), pace_);
  if (url.secure) {
    Result<std::unique_ptr<TlsSession>> session = NewSession(ctx, url, origin, /*http2=*/false);
    if (Error err = session.Err()) return err;
    if (Error err = wire->Handshake(ctx, *std::move(session))) return Failed(ClientFailure::kTls, url, err);
  }
  return std::unique_ptr<ClientWire>(std::move(wire));
}

// The addresses of a name are known only after a lookup.
Error Connector::AllowedToDial(const HttpUrl& url) {
  if (!options_.allow) return {};
  if (url.address.IsUnix()) return RefusedUnix(url);
  const Result<Address> literal = Address::Parse(url.authority.find(url.address.host + "]") != std::string::npos
                                                     ? "[" + url.address.host + "]:" + std::to_string(url.address.port)
                                                     : url.address.host + ":" + std::to_string(url.address.port));
  if (!literal.Ok() || !IsAddress(literal->host)) return {};
  if (Error err = options_.allow(*literal)) return MakeClientFailure({ClientFailure::kRefused, false, url.origin, err.Message()});
  return {};
}

Result<Fd> Connector::OpenSocket(const Context& ctx, const HttpUrl& url) {
  std::vector<SocketAddress> addresses;
  if (url.address.IsUnix()) {
    if (options_.allow) return RefusedUnix(url);
    const Result<SocketAddress> local = ResolveAddress(url.address.Text());
    if (Error err = local.Err()) return Failed(ClientFailure::kResolve, url, err);
    addresses.push_back(*local);
  } else {
    const Result<NameCache::Addresses> found = names_.Find(ctx, url.address.host, url.address.port);
    if (Error err = found.Err()) return Failed(ClientFailure::kResolve, url, err);
    Result<std::vector<SocketAddress>> allowed = Allowed(url, **found);
    if (Error err = allowed.Err()) return err;
    addresses = *std::move(allowed);
  }
  Result<Fd> fd = internal::Connect(ctx, addresses, {.holds_time = !url.address.IsUnix()});
  if (Error err = fd.Err()) return Failed(KindOfConnect(err), url, err);
  return fd;
}

Result<std::vector<SocketAddress>> Connector::Allowed(const HttpUrl& url, const std::vector<SocketAddress>& found) {
  if (!options_.allow) return found;
  std::vector<SocketAddress> allowed;
  Error first;
  for (const SocketAddress& each : found) {
    Error err = options_.allow(ToAddress(each, url.address.host));
    if (!err) allowed.push_back(each);
    else if (!first) first = std::move(err);
  }
  if (allowed.empty()) return MakeClientFailure({ClientFailure::kRefused, false, url.origin, first.Message()});
  return allowed;
}

Result<std::unique_ptr<TlsSession>> Connector::NewSession(const Context& ctx, const HttpUrl& url, SharedOrigin& origin, bool http2) {
  const Result<std::shared_ptr<const ClientContext>> context = LoadTls(ctx);
  if (Error err = context.Err()) return Failed(ClientFailure::kTls, url, err);
  Result<std::unique_ptr<TlsSession>> session = TlsSession::Client(*context, url.address.host, http2 ? alpn_http2_ : alpn_, origin.TakeTicket());
  if (Error err = session.Err()) return Failed(ClientFailure::kTls, url, err);
  return session;
}

// Reading the system's certificates takes tens of milliseconds.
Result<std::shared_ptr<const ClientContext>> Connector::LoadTls(const Context& ctx) {
  Result<std::unique_lock<Mutex>> lock = tls_lock_.Acquire(ctx);
  if (Error err = lock.Err()) return err;
  if (tls_ != nullptr) return tls_;
  Result<std::shared_ptr<const ClientContext>> loaded = Offload(ctx, [options = options_.tls] { return ClientContext::Load(options); });
  if (loaded.Ok()) tls_ = *loaded;
  return loaded;
}

}  // namespace weft::internal

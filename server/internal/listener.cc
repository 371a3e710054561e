// SPDX-License-Identifier: Apache-2.0
#include <weft/server/internal/listener.h>

#include <netinet/tcp.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace weft::internal {
namespace {

// In the generic category, so that Is(std::errc::...) holds.
Error FromErrno(int number) { return std::error_code(number, std::generic_category()); }

void SetFlag(int fd, int level, int option, int value) {
  // These options only tune; a socket without them still serves.
  static_cast<void>(setsockopt(fd, level, option, &value, sizeof value));
}

bool IsFileSystemPath(const SocketAddress& address) { return address.IsUnix() && address.local.sun_path[0] != '\0'; }

// Pending errors of the new connection or of a client that gave up: accept(2) says to try again.
bool IsOfOneConnection(int number) {
  switch (number) {
    case EINTR:
    case ECONNABORTED:
    case EPERM:  // refused by a firewall rule
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EOPNOTSUPP:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

bool IsExhaustion(int number) {
  return number == EMFILE || number == ENFILE || number == ENOBUFS || number == ENOMEM;
}

// Whether somebody listens at this unix address. A full backlog is somebody.
bool IsAlive(const SocketAddress& address) {
  const Fd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return connect(probe.Get(), &address.any, address.size) == 0 || errno != ECONNREFUSED;
}

SocketAddress AnyIpv4(const SocketAddress& any_ipv6) {
  SocketAddress address;
  const in_port_t port = any_ipv6.v6.sin6_port;
  address.v4 = {};
  address.v4.sin_family = AF_INET;
  address.v4.sin_port = port;
  address.v4.sin_addr.s_addr = htonl(INADDR_ANY);
  address.size = sizeof address.v4;
  return address;
}

}  // namespace

Result<Listener> Listener::Open(std::string_view text, int backlog) {
  const std::string what = "listen on " + std::string(text);
  Result<SocketAddress> resolved = ResolveAddress(text);
  if (Error err = resolved.Err()) return err.Wrap(what);
  SocketAddress address = *resolved;

  Listener listener;
  constexpr int kType = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  listener.fd_ = Fd(socket(address.Family(), kType, 0));
  if (!listener.fd_.IsOpen() && errno == EAFNOSUPPORT && text.front() == ':') {
    address = AnyIpv4(address);  // a kernel without IPv6
    listener.fd_ = Fd(socket(address.Family(), kType, 0));
  }
  if (!listener.fd_.IsOpen()) return FromErrno(errno).Wrap(what);
  if (!address.IsUnix()) {
    // Connections of a server that has just ended are in TIME_WAIT and must not keep the port from the next one.
    SetFlag(listener.fd_.Get(), SOL_SOCKET, SO_REUSEADDR, 1);
    // Accepted sockets inherit it on Linux, which saves a call for each.
    SetFlag(listener.fd_.Get(), IPPROTO_TCP, TCP_NODELAY, 1);
    // ":8080" is both; a written IPv6 address is just that.
    const int only_v6 = text.front() == ':' ? 0 : 1;
    if (address.Family() == AF_INET6) SetFlag(listener.fd_.Get(), IPPROTO_IPV6, IPV6_V6ONLY, only_v6);
  }
  if (Error err = listener.Bind(address)) return err.Wrap(what);
  if (::listen(listener.fd_.Get(), backlog) != 0) return FromErrno(errno).Wrap(what);
  listener.bound_ = FormatBound(listener.fd_.Get());
  return listener;
}

Error Listener::Bind(const SocketAddress& address) {
  int failure = ::bind(fd_.Get(), &address.any, address.size) == 0 ? 0 : errno;
  if (failure == EADDRINUSE && IsFileSystemPath(address)) {
    if (Error err = RemoveStaleFile(address)) return err;
    failure = ::bind(fd_.Get(), &address.any, address.size) == 0 ? 0 : errno;
  }
  if (failure != 0) return FromErrno(failure);
  struct stat file;
  if (IsFileSystemPath(address) && ::lstat(address.local.sun_path, &file) == 0) {
    path_ = address.local.sun_path;
    path_device_ = file.st_dev;
    path_inode_ = file.st_ino;
  }
  return {};
}

Error Listener::RemoveStaleFile(const SocketAddress& address) {
  const char* const path = address.local.sun_path;
  struct stat file;
  if (::lstat(path, &file) != 0) return errno == ENOENT ? Error() : FromErrno(errno);
  if (!S_ISSOCK(file.st_mode)) return Error::New("the file exists and is not a socket");
  if (IsAlive(address)) return FromErrno(EADDRINUSE);
  if (::unlink(path) != 0 && errno != ENOENT) return FromErrno(errno).Wrap("remove the stale socket");
  return {};
}

Listener::~Listener() { Close(); }

Accepted Listener::Accept() const {
  Accepted accepted;
  while (true) {
    accepted.peer.size = sizeof accepted.peer.local;
    accepted.fd = Fd(::accept4(fd_.Get(), &accepted.peer.any, &accepted.peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.fd.IsOpen()) {
      accepted.outcome = Accepted::Outcome::kConnection;
      return accepted;
    }
    const int failure = errno;
    if (IsOfOneConnection(failure)) continue;
    accepted.error = failure;
    if (failure == EAGAIN || failure == EWOULDBLOCK) {
      accepted.outcome = Accepted::Outcome::kAgain;
    } else {
      accepted.outcome = IsExhaustion(failure) ? Accepted::Outcome::kExhausted : Accepted::Outcome::kFatal;
    }
    return accepted;
  }
}

void Listener::StopAccepting() {
  if (fd_.IsOpen()) static_cast<void>(::listen(fd_.Get(), 0));
}

void Listener::Close() {
  if (!fd_.IsOpen()) return;
  struct stat file;
  const bool is_there = !path_.empty() && ::lstat(path_.c_str(), &file) == 0;
  if (is_there && file.st_dev == path_device_ && file.st_ino == path_inode_) ::unlink(path_.c_str());
  fd_.Close();
}

}  // namespace weft::internal

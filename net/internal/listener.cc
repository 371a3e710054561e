// SPDX-License-Identifier: Apache-2.0
#include <weft/net/internal/listener.h>

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include <weft/net/internal/activation.h>
#include <weft/net/internal/errno_error.h>

namespace weft::internal {
namespace {

// How many bytes the kernel holds for a client in addition to those in flight. By default it is some 4 MiB for each client that
// does not read, of memory that all connections of the machine share; with less than this, large responses begin to cost more.
constexpr int kUnsentMax = 1024 * 1024;

// How many failures of single connections in a row are skipped. After that many, the connections are not to blame.
constexpr int kTriesMax = 16;

// In the generic category, so that Is(std::errc::...) holds.
void SetFlag(int fd, int level, int option, int value) {
  // These options only tune; a socket without them still serves.
  static_cast<void>(setsockopt(fd, level, option, &value, sizeof value));
}

// Empty, with errno, if it is no socket.
std::optional<int> SocketOption(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(fd, SOL_SOCKET, option, &value, &size) != 0) return std::nullopt;
  return value;
}

// Accepted sockets inherit both on Linux, which saves calls for each.
void TuneTcp(int fd) {
  SetFlag(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  SetFlag(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, kUnsentMax);
}

bool IsFileSystemPath(const SocketAddress& address) { return address.IsUnix() && address.local.sun_path[0] != '\0'; }

// Pending errors of the new connection, or a client that gave up: accept(2) says to try again.
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

// Whether a process listens at this unix address. A full backlog means that one does.
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

Result<Listener> Listener::Open(const ListenOptions& options) {
  if (options.descriptor >= 0) {
    Result<Listener> adopted = Adopt(options.descriptor);
    if (Error err = adopted.Err()) return err.Wrap("the listener that was passed in");
    return adopted;
  }
  const std::string what = "listen on " + options.address;
  Result<ParsedAddress> parsed = ParseAddress(options.address);
  if (Error err = parsed.Err()) return err.Wrap(what);
  Result<Listener> listener = parsed->kind == ParsedAddress::Kind::kSystemd ? Activated(parsed->passed) : BindTo(options);
  if (Error err = listener.Err()) return err.Wrap(what);
  return listener;
}

Result<Listener> Listener::Activated(std::string_view which) {
  const Activation activation = Activation::OfThisProcess();
  const Result<int> fd = activation.Find(which);
  if (Error err = fd.Err()) return err;
  // They were for this process, and its children should neither hold nor serve them.
  for (int each = 3; each < 3 + activation.Count(); ++each) fcntl(each, F_SETFD, FD_CLOEXEC);
  return Adopt(*fd);
}

Result<Listener> Listener::Adopt(int fd) {
  const std::string what = "descriptor " + std::to_string(fd);
  const std::optional<int> family = SocketOption(fd, SO_DOMAIN);
  if (!family) return FromErrno(errno).Wrap(what);  // not open, or not a socket
  if (*family != AF_INET && *family != AF_INET6 && *family != AF_UNIX) return Error::New(what + " is neither a TCP nor a unix socket");
  if (SocketOption(fd, SO_TYPE) != SOCK_STREAM) return Error::New(what + " is not a stream socket");
  if (SocketOption(fd, SO_ACCEPTCONN) != 1) return Error::New(what + " is not a listening socket");

  Listener listener;
  listener.shared_ = true;
  listener.fd_ = Fd(fcntl(fd, F_DUPFD_CLOEXEC, 0));
  if (!listener.fd_.IsOpen()) return FromErrno(errno).Wrap(what);
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) return FromErrno(errno).Wrap(what);
  if (*family != AF_UNIX) TuneTcp(fd);
  listener.bound_ = FormatBound(fd);
  return listener;
}

Result<Listener> Listener::BindTo(const ListenOptions& options) {
  Result<SocketAddress> resolved = ResolveAddress(options.address);
  if (Error err = resolved.Err()) return err;
  SocketAddress address = *resolved;
  const bool all_addresses = options.address.front() == ':';

  Listener listener;
  constexpr int kType = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  listener.fd_ = Fd(socket(address.Family(), kType, 0));
  if (!listener.fd_.IsOpen() && errno == EAFNOSUPPORT && all_addresses) {
    address = AnyIpv4(address);  // a kernel without IPv6
    listener.fd_ = Fd(socket(address.Family(), kType, 0));
  }
  if (!listener.fd_.IsOpen()) return FromErrno(errno);
  if (!address.IsUnix()) {
    // Connections of a server that has just ended are in TIME_WAIT and must not keep the port from the next one.
    SetFlag(listener.fd_.Get(), SOL_SOCKET, SO_REUSEADDR, 1);
    TuneTcp(listener.fd_.Get());
    // ":8080" is both; a written IPv6 address is just that.
    if (address.Family() == AF_INET6) SetFlag(listener.fd_.Get(), IPPROTO_IPV6, IPV6_V6ONLY, all_addresses ? 0 : 1);
  }
  const int on = 1;
  if (options.reuse_port && setsockopt(listener.fd_.Get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) {
    return FromErrno(errno).Wrap("share the port");
  }
  // On Linux the file gets the mode of the socket, less what the umask removes: so it never allows more than requested, not even briefly.
  if (options.unix_mode != 0 && fchmod(listener.fd_.Get(), options.unix_mode) != 0) return FromErrno(errno).Wrap("set the mode");
  if (Error err = listener.Bind(address)) return err;
  // Restores what the umask has removed. No client can connect before listen.
  if (options.unix_mode != 0 && chmod(address.local.sun_path, options.unix_mode) != 0) return FromErrno(errno).Wrap("set the mode");
  if (::listen(listener.fd_.Get(), options.backlog) != 0) return FromErrno(errno);
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
  for (int tries = 1;; ++tries) {
    accepted.peer.size = sizeof accepted.peer.local;
    accepted.fd = Fd(::accept4(fd_.Get(), &accepted.peer.any, &accepted.peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (accepted.fd.IsOpen()) {
      accepted.outcome = Accepted::Outcome::kConnection;
      return accepted;
    }
    const int failure = errno;
    // Some of them need not take a connection out of the backlog, such as the refusal of a security module.
    if (IsOfOneConnection(failure) && tries < kTriesMax) continue;
    accepted.error = failure;
    if (failure == EAGAIN || failure == EWOULDBLOCK) {
      accepted.outcome = Accepted::Outcome::kAgain;
    } else {
      accepted.outcome = IsExhaustion(failure)        ? Accepted::Outcome::kExhausted
                         : IsOfOneConnection(failure) ? Accepted::Outcome::kForbidden
                                                      : Accepted::Outcome::kFatal;
    }
    return accepted;
  }
}

bool Listener::StopAccepting() {
  if (shared_) return false;
  if (fd_.IsOpen()) static_cast<void>(::listen(fd_.Get(), 0));
  return true;
}

// On Linux shutdown takes a listening socket out of service, as close does.
void Listener::Shut() {
  if (!fd_.IsOpen() || std::exchange(shut_, true)) return;
  struct stat file;
  const bool is_there = !path_.empty() && ::lstat(path_.c_str(), &file) == 0;
  if (is_there && file.st_dev == path_device_ && file.st_ino == path_inode_) ::unlink(path_.c_str());
  if (!shared_) static_cast<void>(::shutdown(fd_.Get(), SHUT_RDWR));
}

void Listener::Close() {
  Shut();
  fd_.Close();
}

}  // namespace weft::internal

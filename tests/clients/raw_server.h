// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_CLIENTS_RAW_SERVER_H_
#define WEFT_TESTS_CLIENTS_RAW_SERVER_H_

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/group.h>
#include <weft/concurrency/wait_fd.h>
#include <weft/net/internal/fd.h>
#include <weft/net/internal/socket_transport.h>
#include <weft/net/make_stream.h>

namespace weft {

// A connection of the test's own to who listens on this unix socket in memory.
inline Stream ConnectUnix(std::string_view name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  internal::Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (connect(fd.Get(), reinterpret_cast<sockaddr*>(&address), size) != 0) std::abort();
  if (fcntl(fd.Get(), F_SETFL, O_NONBLOCK) != 0) std::abort();
  return MakeStream<internal::SocketTransport>(internal::Socket(std::move(fd)), FdWaitOptions{.waits_for = "test's bytes", .holds_time = false});
}

// A server whose every byte is the test's: it listens on a unix socket in memory and calls `serve` in a fiber for each connection, which
// ends with it. In a fiber; its end cancels and joins.
class RawServer {
 public:
  using Serve = std::function<void(const Context&, Stream&, int connection)>;

  RawServer(const Context& ctx, Serve serve) : serve_(std::move(serve)), group_(ctx) {
    static std::atomic<int> count{0};
    name_ = "weft-raw-" + std::to_string(getpid()) + "-" + std::to_string(count.fetch_add(1));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data(), name_.size());
    listener_ = internal::Fd(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name_.size());
    if (bind(listener_.Get(), reinterpret_cast<sockaddr*>(&address), size) != 0 || listen(listener_.Get(), 64) != 0) std::abort();
    group_.Go("raw server", [this](const Context& c) { Accept(c); });
  }
  ~RawServer() {
    group_.Cancel();
    static_cast<void>(group_.Wait());
  }

  std::string Url(std::string_view target = "/") const { return "http+unix://%40" + name_ + std::string(target); }
  int Connections() const { return connections_; }
  Stream Connect() const { return ConnectUnix(name_); }

 private:
  void Accept(const Context& ctx) {
    while (!WaitFd(ctx, listener_.Get(), FdEvents::kRead, {.waits_for = "client", .holds_time = false}).Err()) {
      internal::Fd fd(accept4(listener_.Get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd.IsOpen()) continue;
      auto stream = std::make_shared<Stream>(MakeStream<internal::SocketTransport>(
          internal::Socket(std::move(fd)), FdWaitOptions{.waits_for = "client's bytes", .holds_time = false}));
      group_.Go("raw connection", [this, stream, number = connections_++](const Context& c) {
        serve_(c, *stream, number);
        stream->Close();
      });
    }
  }

  Serve serve_;
  std::string name_;
  internal::Fd listener_;
  int connections_ = 0;
  Group group_;
};

// Reads up to and with `until`; what it has at the end of the stream otherwise.
inline std::string ReadUntil(const Context& ctx, Stream& stream, std::string_view until = "\r\n\r\n") {
  std::string all;
  std::array<char, 4096> piece;
  while (all.find(until) == std::string::npos) {
    const Result<std::size_t> n = stream.Read(ctx, piece);
    if (!n.Ok() || *n == 0) break;
    all.append(piece.data(), *n);
  }
  return all;
}

// Serves every request on a connection with the same bytes.
inline RawServer::Serve Responds(std::string bytes) {
  return [bytes = std::move(bytes)](const Context& ctx, Stream& stream, int) {
    while (!ReadUntil(ctx, stream).empty()) {
      if (stream.Write(ctx, bytes)) return;
    }
  };
}

}  // namespace weft

#endif  // WEFT_TESTS_CLIENTS_RAW_SERVER_H_

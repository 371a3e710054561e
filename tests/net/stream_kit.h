// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_TESTS_NET_STREAM_KIT_H_
#define WEFT_TESTS_NET_STREAM_KIT_H_

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <weft/concurrency/run.h>
#include <weft/concurrency/wait_fd.h>
#include <weft/net/dial.h>
#include <weft/net/internal/address.h>
#include <weft/net/internal/socket_transport.h>
#include <weft/net/make_stream.h>
#include <weft/net/stream.h>
#include <weft/net/stream_pair.h>

// What the tests of streams share.
namespace weft::testing {

// Runs `body` in a fiber on real time.
inline void InFiber(std::function<void(const Context&)> body, int loops = 1) {
  RunOptions options;
  options.loops = loops;
  const Error err = Run(Background(), options, [&](const Context& ctx) { body(ctx); });
  EXPECT_FALSE(err) << err.Message();
}

// A listening socket on loopback or a unix socket with an abstract name, without a server.
class Listening {
 public:
  explicit Listening(bool local = false, int backlog = 16)
      : fd_(socket(local ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    internal::SocketAddress address;
    address.any.sa_family = local ? AF_UNIX : AF_INET;
    address.size = local ? sizeof(address.any.sa_family) : sizeof(address.v4);  // the kernel finds a name or a port
    if (!local) address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_.Get(), &address.any, address.size), 0);
    EXPECT_EQ(listen(fd_.Get(), backlog), 0);
  }

  std::string Text() const { return internal::FormatBound(fd_.Get()); }
  internal::SocketAddress Bound() const {
    internal::SocketAddress address;
    address.size = sizeof(address.local);
    EXPECT_EQ(getsockname(fd_.Get(), &address.any, &address.size), 0);
    return address;
  }
  internal::Fd Accept(const Context& ctx) const {
    EXPECT_TRUE(WaitFd(ctx, fd_.Get(), FdEvents::kRead).Ok());
    internal::Fd client(accept4(fd_.Get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    EXPECT_TRUE(client.IsOpen());
    return client;
  }
  Stream AcceptStream(const Context& ctx) const { return MakeStream<internal::SocketTransport>(internal::Socket(Accept(ctx))); }
  void Close() { fd_.Close(); }

 private:
  internal::Fd fd_;
};

// One that takes no connection more: on TCP its backlog drops what comes, and nobody hears of it.
class Deaf {
 public:
  explicit Deaf(bool local = false) : listening_(local, 0) {
    const internal::SocketAddress address = listening_.Bound();
    for (internal::Fd& each : clients_) {
      each = internal::Fd(socket(address.Family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
      static_cast<void>(connect(each.Get(), &address.any, address.size));
    }
  }
  const Listening& listening() const { return listening_; }

 private:
  Listening listening_;
  std::array<internal::Fd, 8> clients_;
};

inline Stream Expect(Result<Stream> stream) {
  EXPECT_TRUE(stream.Ok()) << stream.Err().Message();
  return stream.Ok() ? std::move(*stream) : Stream();
}

using Ends = std::pair<Stream, Stream>;

inline Ends MemoryEnds(const Context&) { return StreamPair({.buffer_bytes = 64 * 1024}); }
inline Ends UnixEnds(const Context&) {
  int fds[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
  const auto over = [](int fd) { return MakeStream<internal::SocketTransport>(internal::Socket(internal::Fd(fd))); };
  return {over(fds[0]), over(fds[1])};
}
inline Ends TcpEnds(const Context& ctx) {
  const Listening listening;
  Stream client = Expect(Dial(ctx, listening.Text()));
  return {std::move(client), listening.AcceptStream(ctx)};
}

inline std::string ReadSome(const Context& ctx, Stream& stream, std::size_t most = 100) {
  std::string got(most, '\0');
  const Result<std::size_t> n = stream.Read(ctx, got);
  if (!n.Ok()) return "error: " + n.Err().Message();
  return got.substr(0, *n);
}

// Up to the peer's end, or to an error.
inline std::string ReadAll(const Context& ctx, Stream& stream) {
  std::string all;
  std::array<char, 32 * 1024> piece;
  for (;;) {
    const Result<std::size_t> n = stream.Read(ctx, piece);
    if (!n.Ok()) return "error: " + n.Err().Message();
    if (*n == 0) return all;
    all.append(piece.data(), *n);
  }
}

// Bytes without short cycles.
inline std::string Pattern(std::size_t size) {
  std::string all(size, '\0');
  for (std::size_t i = 0; i < size; ++i) all[i] = static_cast<char>((i * 2654435761U) >> 11);
  return all;
}

}  // namespace weft::testing

#endif  // WEFT_TESTS_NET_STREAM_KIT_H_

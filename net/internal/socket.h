// SPDX-License-Identifier: Apache-2.0
#ifndef WEFT_NET_INTERNAL_SOCKET_H_
#define WEFT_NET_INTERNAL_SOCKET_H_

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <weft/concurrency/clock.h>
#include <weft/net/internal/fd.h>

namespace weft::internal {

// A connected stream socket, TCP or unix: the only class that makes system calls on a connection. Nothing waits, nothing raises
// SIGPIPE; failures are reported by errno, as the system calls do. Owns its descriptor.
class Socket final {
 public:
  Socket() noexcept = default;
  explicit Socket(Fd fd) noexcept : fd_(std::move(fd)) {}

  int Descriptor() const noexcept { return fd_.Get(); }
  void Close() noexcept { fd_.Close(); }
  int Release() noexcept { return fd_.Release(); }

  // recv and send. Those of the C library are cancellation points of threads, which costs two locked instructions a call; weft cancels by contexts,
  // never by pthread_cancel. Under a sanitizer it must be the library's calls, which the sanitizer intercepts.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)
  ssize_t Receive(char* buffer, std::size_t size) const { return recv(fd_.Get(), buffer, size, MSG_DONTWAIT); }
  ssize_t Send(const char* bytes, std::size_t size) const { return send(fd_.Get(), bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL); }
#else
  ssize_t Receive(char* buffer, std::size_t size) const {
    return syscall(SYS_recvfrom, fd_.Get(), buffer, size, MSG_DONTWAIT, nullptr, nullptr);
  }
  ssize_t Send(const char* bytes, std::size_t size) const {
    return syscall(SYS_sendto, fd_.Get(), bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0);
  }
#endif

  // As Receive, on a unix socket. The kernel ends a read after a message that carries descriptors, even if more bytes are there: `cut`
  // reports that. The descriptors are closed, because nothing has asked for them.
  ssize_t ReceiveUnix(char* buffer, std::size_t size, bool& cut) const;
  // Whether there are bytes to be read; false at the end.
  bool HasInput() const;

  // Sends all parts, as far as there is room. `flags` as for sendmsg, such as MSG_MORE.
  ssize_t SendParts(iovec* parts, std::size_t count, int flags) const {
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = count;
    return sendmsg(fd_.Get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT | flags);
  }
  // A part of a file, as sendfile.
  ssize_t SendFile(int file, std::uint64_t offset, std::size_t size) const;

  // The bytes that the socket holds because the peer has not taken them (on TCP: not acknowledged them).
  std::int64_t UntakenBytes() const;

  // Says that our side has finished (FIN). False: the connection is gone.
  bool ShutWrite() const { return shutdown(fd_.Get(), SHUT_WR) == 0; }
  void ShutBoth() const { static_cast<void>(shutdown(fd_.Get(), SHUT_RDWR)); }
  // Ends the TCP connection at once; the peer gets a reset. False: this socket cannot do that.
  bool Reset() const;
  // Makes Close reset the connection, and discard what the peer has not taken.
  void ResetAtClose() const;

  // Makes the kernel probe a peer that has been silent for `idle`, a few times, and then give up on it.
  void ProbePeer(Duration idle) const;

 private:
  Fd fd_;
};

// Whether a call on a socket has failed with this errno because it would have had to wait.
inline bool WouldWait(int number) { return number == EAGAIN || number == EWOULDBLOCK; }

// In the form that SendParts takes; it only reads.
inline iovec Part(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace weft::internal

#endif  // WEFT_NET_INTERNAL_SOCKET_H_
